#include "lib/link/socket_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

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

void RemoveDeadSockets(const std::string& directory, std::string_view prefix) {
  const DirectoryLock lock(directory);
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(prefix) || !entry.is_socket(ignored)) continue;
    if (!IsLive(entry.path())) std::filesystem::remove(entry.path(), ignored);
  }
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
