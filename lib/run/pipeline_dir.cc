#include "lib/run/pipeline_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/endpoint.h"
#include "lib/link/runtime_dir.h"

namespace rk {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNameCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
constexpr std::string_view kLinePrefix = "line-";
constexpr const char* kLockName = "lock";

bool SameFile(int fd, const std::string& path) {
  struct stat opened = {};
  struct stat named = {};
  return fstat(fd, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// Not of the directory itself: that is what readers lock for a moment when they bind a socket.
// Nothing if another process has it.
std::optional<Descriptor> TryLock(const std::string& directory) {
  const std::string path = directory + "/" + kLockName;
  while (true) {
    if (mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST) {
      Descriptor lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
      if (lock.fd() >= 0 && flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
      if (lock.fd() >= 0 && SameFile(lock.fd(), path)) {
        RequirePrivateDirectory(directory);
        return lock;
      }
      // Whoever held it has removed it meanwhile.
      if (lock.fd() >= 0 || errno == ENOENT) continue;
    }
    throw Error(ErrorKind::kIo, fmt::format("cannot make {}: {}", path, std::strerror(errno)));
  }
}

void Empty(const std::string& directory) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    if (entry.path().filename() != kLockName) fs::remove_all(entry.path(), ignored);
  }
}

void RemoveDeadLines(const std::string& base) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(base, ignored)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kLinePrefix) || !entry.is_directory(ignored)) continue;
    if (const auto lock = TryLock(entry.path())) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

std::string PipelinePath(const std::string& name) {
  if (name.empty() || name.starts_with('.') ||
      name.find_first_not_of(kNameCharacters) != std::string::npos) {
    throw Error(ErrorKind::kConfiguration,
                fmt::format("'{}' is not a pipeline name: use letters, digits, '.', '_' and '-', "
                            "and do not begin with '.' (see --name)",
                            name));
  }
  std::string path = RuntimeDir().path() + "/" + name;
  if (path.size() + 1 + RuntimeDir::kLongestName > Endpoint::kLongestPath) {
    throw Error(ErrorKind::kConfiguration,
                fmt::format("{} is too long for a socket directory: use a shorter --name or "
                            "RK_RUNTIME_DIR",
                            path));
  }
  return path;
}

bool IsRunning(const std::string& path) {
  const Descriptor lock(open((path + "/" + kLockName).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  return lock.fd() >= 0 && flock(lock.fd(), LOCK_SH | LOCK_NB) != 0;
}

PipelineDir::PipelineDir(const std::string& name) : path_(PipelinePath(name)) {
  std::optional<Descriptor> lock = TryLock(path_);
  if (!lock) {
    throw Error(
        ErrorKind::kTryAgain,
        fmt::format("{} is already running: use --name to give this one another name", name));
  }
  lock_ = std::move(*lock);
  Empty(path_);
  RemoveDeadLines(fs::path(path_).parent_path());
}

PipelineDir::~PipelineDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace rk
