#include "lib/link/runtime_dir.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "lib/base/environment.h"
#include "lib/base/error.h"
#include "lib/link/endpoint.h"

namespace rk {
namespace {

// Names in /tmp beside rk-UID, for when somebody has taken that.
constexpr int kMoreNames = 9;

Error Unfit(const std::string& path, const std::string& reason) {
  return Error(
      ErrorKind::kConfiguration,
      fmt::format("the socket directory {} {}; set RK_RUNTIME_DIR to another", path, reason));
}

// Why others could reach what is in `path`, or "". Not through a link: whoever made it decides
// where it leads.
std::string WhyUnfit(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0) return std::strerror(errno);
  if (S_ISLNK(status.st_mode)) return "is a symbolic link: name what it leads to";
  if (!S_ISDIR(status.st_mode)) return "is not a directory";
  if (status.st_uid != geteuid()) {
    return fmt::format("belongs to user {}", status.st_uid);
  }
  if ((status.st_mode & 077) != 0) return "is accessible to other users: chmod 700 it";
  return "";
}

void Make(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return;
  throw Unfit(path, fmt::format("cannot be created: {}", std::strerror(errno)));
}

bool IsOurs(const std::string& directory) {
  struct stat status = {};
  return stat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == geteuid();
}

// /tmp is open to all, and so is its rk-UID for whoever comes first. The first name that is good
// already, so that all stages agree also when one before it becomes free, or else can be made so.
std::string PathInTmp(const std::string& tmp) {
  std::vector<std::string> names = {fmt::format("{}/rk-{}", tmp, geteuid())};
  for (int number = 1; number <= kMoreNames; ++number) {
    names.push_back(fmt::format("{}-{}", names.front(), number));
  }
  for (const std::string& path : names) {
    if (WhyUnfit(path).empty()) return path;
  }
  for (const std::string& path : names) {
    Make(path);
    if (WhyUnfit(path).empty()) return path;
  }
  throw Unfit(names.front(), WhyUnfit(names.front()));
}

// XDG_RUNTIME_DIR of another user comes with sudo.
std::string ChosenPath(const std::string& tmp) {
  const std::string own = Environment("RK_RUNTIME_DIR").value_or("");
  if (!own.empty()) return std::filesystem::absolute(own);
  const std::string session = Environment("XDG_RUNTIME_DIR").value_or("");
  if (!session.empty() && IsOurs(session)) return session + "/rk";
  return PathInTmp(tmp);
}

}  // namespace

RuntimeDir::RuntimeDir(const std::string& tmp) : path_(ChosenPath(tmp)) {
  if (path_.size() + 1 + kLongestName > Endpoint::kLongestPath) {
    throw Unfit(path_, fmt::format("has {} characters: a socket path in it would exceed the "
                                   "kernel's {}",
                                   path_.size(), Endpoint::kLongestPath));
  }
  Make(path_);
  RequirePrivateDirectory(path_);
}

void RequirePrivateDirectory(const std::string& path) {
  const std::string reason = WhyUnfit(path);
  if (!reason.empty()) throw Unfit(path, reason);
}

}  // namespace rk
