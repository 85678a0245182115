#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rk {

/// A pair of CURVE keys, in Z85 as ZeroMQ's own tools print them: 40 characters each.
struct KeyPair {
  std::string public_key;
  std::string secret_key;
};

/// Who this machine is on tcp:// links, and whom it talks to (docs/architecture.md, Between
/// machines):
///
///     DIR/own.key_secret    its pair, for its owner's eyes only
///     DIR/own.key           the public half, to be copied to the others'
///     DIR/peers/NAME.key    public keys of others: they may connect; where NAME is the HOST of an
///                           address that we connect to, that one must have this key
///
/// The files are certificates as ZeroMQ's tools write and read them. Any thread.
class KeyFolder {
 public:
  /// Reads this machine's pair. Throws Error(kMissing) or Error(kConfiguration) naming the file
  /// that is not there, is no key, or is open to others.
  explicit KeyFolder(std::string path);

  const std::string& path() const { return path_; }
  const KeyPair& own() const { return own_; }
  /// The public key that `host` must have: that of its file, or this machine's own if it is one of
  /// this machine's addresses. Throws Error(kConfiguration) naming the file that is missing.
  std::string KeyOf(const std::string& host) const;
  /// Whose public key that is: the names of the files that have it, or `own`; empty for a
  /// stranger's. Looks at the files anew, and passes by those that are no keys.
  std::vector<std::string> NamesOf(std::string_view public_key) const;

 private:
  std::string path_;
  KeyPair own_;
};

/// Makes a folder with a pair of keys where there is none yet, and its `peers`. True if it made
/// DIR/own.key: the pair, or its lost public half. A public half whose secret one is not there, or
/// another one, is refused. Throws Error(kUnavailable) if ZeroMQ has no CURVE here,
/// Error(kConfiguration), Error(kIo).
bool MakeKeys(const std::string& path);

/// Throws Error(kUnavailable) if ZeroMQ was built without CURVE.
void RequireCurve();

}  // namespace rk
