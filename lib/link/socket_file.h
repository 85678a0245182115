#pragma once

#include <string>

namespace rk {

/// True if a process listens on the Unix socket at `path`, or if that cannot be told; false where
/// the kernel says that none does or that there is no such socket. Leaves nothing behind but a
/// connection that is closed at once.
bool IsLive(const std::string& path);

/// True if a socket is at `path`, itself and not behind a symbolic link.
bool IsSocket(const std::string& path);

/// An exclusive flock(2) of a directory, from construction (which waits for it) to destruction, or
/// to the end of the process.
class DirectoryLock {
 public:
  /// Throws Error(kIo).
  explicit DirectoryLock(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int fd_;
};

}  // namespace rk
