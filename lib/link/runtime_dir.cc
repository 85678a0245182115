#include "lib/link/runtime_dir.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/endpoint.h"

namespace rk {
namespace {

Error Refuse(const std::string& path, const std::string& reason) {
  return Error(
      ErrorKind::kConfiguration,
      fmt::format("the socket directory {} {}; set RK_RUNTIME_DIR to another", path, reason));
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool IsOurs(const std::string& directory) {
  struct stat status = {};
  return stat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == geteuid();
}

// XDG_RUNTIME_DIR of another user comes with sudo.
std::string ChosenPath() {
  const std::string own = Environment("RK_RUNTIME_DIR");
  if (!own.empty()) return std::filesystem::absolute(own);
  const std::string session = Environment("XDG_RUNTIME_DIR");
  if (!session.empty() && IsOurs(session)) return session + "/rk";
  return fmt::format("/tmp/rk-{}", geteuid());
}

}  // namespace

RuntimeDir::RuntimeDir() : path_(ChosenPath()) {
  if (path_.size() + 1 + kLongestName > Endpoint::kLongestPath) {
    throw Refuse(path_,
                 fmt::format("has {} characters: a socket path in it would exceed the kernel's {}",
                             path_.size(), Endpoint::kLongestPath));
  }
  if (mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) {
    throw Refuse(path_, fmt::format("cannot be created: {}", std::strerror(errno)));
  }
  RequirePrivateDirectory(path_);
}

void RequirePrivateDirectory(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    throw Refuse(path, "is not a directory");
  }
  if (status.st_uid != geteuid()) {
    throw Refuse(path, fmt::format("belongs to user {}", status.st_uid));
  }
  if ((status.st_mode & 077) != 0) {
    throw Refuse(path, "is accessible to other users: chmod 700 it");
  }
}

}  // namespace rk
