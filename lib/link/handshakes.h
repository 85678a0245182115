#pragma once

#include <map>
#include <optional>
#include <string>

namespace rk {

/// Who comes to a socket that binds, told by ZeroMQ's events: it names a connection's descriptor
/// when that begins and when it ends, but not when its handshake succeeds or fails. A failure is
/// followed by the end of the same connection; one that ends without either never got as far as a
/// handshake. Where several are in the middle of theirs, which of them succeeded is a guess, for
/// logs only. A pure class.
class Handshakes {
 public:
  struct Failure {
    std::string peer;
    std::string reason;
  };

  void Began(int fd, std::string peer);
  void Succeeded();
  /// An empty reason: nothing is to be said of it.
  void Failed(std::string reason);
  /// The failure of one that has ended, if it is one to be told of.
  std::optional<Failure> Ended(int fd);

 private:
  void Resolve();

  std::map<int, std::string> open_;  ///< their peers, while nothing is known to have succeeded
  size_t succeeded_ = 0;             ///< of open_
  std::optional<std::string> failed_;
};

}  // namespace rk
