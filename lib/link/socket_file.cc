#include "lib/link/socket_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {

bool IsLive(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return true;
  path.copy(address.sun_path, path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return true;
  const bool failed = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0;
  const bool dead = failed && (errno == ECONNREFUSED || errno == ENOENT);
  close(fd);
  return !dead;
}

bool IsSocket(const std::string& path) {
  struct stat status = {};
  return lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

DirectoryLock::DirectoryLock(const std::string& directory)
    : fd_(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  while (fd_ < 0 || flock(fd_, LOCK_EX) != 0) {
    if (fd_ >= 0 && errno == EINTR) continue;
    const int reason = errno;
    if (fd_ >= 0) close(fd_);
    throw Error(ErrorKind::kIo,
                fmt::format("cannot lock {}: {}", directory, std::strerror(reason)));
  }
}

DirectoryLock::~DirectoryLock() { close(fd_); }

}  // namespace rk
