#pragma once

#include <cstddef>
#include <string>

namespace rk {

/// The 0700 directory that holds this user's sockets: $RK_RUNTIME_DIR, else $XDG_RUNTIME_DIR/rk
/// where that is ours, else /tmp/rk-UID, or the first of rk-UID-1 to rk-UID-9 there where others
/// have taken that name. It stays: others of this user's stages use it too. Any thread.
class RuntimeDir {
 public:
  /// Of a socket's name in it.
  static constexpr size_t kLongestName = 40;

  /// Creates it if needed. Throws Error(kConfiguration) if it is a symbolic link, belongs to
  /// another user, is open to others, or is so long that a socket in it would pass the kernel's 107
  /// characters. `tmp` stands for /tmp in tests.
  explicit RuntimeDir(const std::string& tmp = "/tmp");

  /// Absolute, since a stage elsewhere connects to what is in it.
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Throws Error(kConfiguration) if `path` is no directory (or a symbolic link to one), belongs to
/// another user or is open to others: who can reach a socket may send to it.
void RequirePrivateDirectory(const std::string& path);

}  // namespace rk
