#include "lib/link/runtime_dir.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "lib/batch/error.h"

namespace rk {
namespace {

constexpr size_t kLongestSocketPath = 107;  // sizeof sockaddr_un::sun_path less its zero

Error Refuse(const std::string& path, const std::string& reason) {
  return Error(
      ErrorKind::kConfiguration,
      fmt::format("the runtime directory {} {}; RK_RUNTIME_DIR names another", path, reason));
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

// Where it is to be; empty for a temporary one. XDG_RUNTIME_DIR of another user comes with sudo.
std::string ChosenPath() {
  const std::string own = Environment("RK_RUNTIME_DIR");
  if (!own.empty()) return std::filesystem::absolute(own);
  const std::string session = Environment("XDG_RUNTIME_DIR");
  return session.empty() || !IsOurs(session) ? "" : session + "/rk";
}

std::string MakeTemporary() {
  std::string path = "/tmp/rk-XXXXXX";
  if (mkdtemp(path.data()) != nullptr) return path;
  throw Refuse(path, fmt::format("cannot be made: {}", std::strerror(errno)));
}

void CheckPrivate(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    throw Refuse(path, "is not a directory");
  }
  if (status.st_uid != geteuid()) {
    throw Refuse(path, fmt::format("belongs to user {}, not to us", status.st_uid));
  }
  if ((status.st_mode & 077) != 0) {
    throw Refuse(path, "is open to other users: chmod 700 it");
  }
}

void MakeOrCheck(const std::string& path) {
  if (path.size() + 1 + RuntimeDir::kLongestName > kLongestSocketPath) {
    throw Refuse(path, fmt::format("has {} characters, and a socket's path in it would pass the "
                                   "kernel's {}",
                                   path.size(), kLongestSocketPath));
  }
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    throw Refuse(path, fmt::format("cannot be made: {}", std::strerror(errno)));
  }
  CheckPrivate(path);
}

}  // namespace

RuntimeDir::RuntimeDir() : path_(ChosenPath()), temporary_(path_.empty()) {
  if (temporary_) {
    path_ = MakeTemporary();
  } else {
    MakeOrCheck(path_);
  }
}

RuntimeDir::~RuntimeDir() {
  std::error_code ignored;
  if (temporary_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace rk
