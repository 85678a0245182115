#include "lib/torch/unpack_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "lib/base/descriptor_io.h"
#include "lib/base/error.h"

namespace rk {
namespace {

namespace fs = std::filesystem;

constexpr char kVariable[] = "TMPDIR";
constexpr std::string_view kPrefix = "rk-infer-";
constexpr int kTries = 10;

std::string Tmpdir() {
  const char* set = std::getenv(kVariable);
  return set != nullptr && *set != '\0' ? set : "/tmp";
}

[[noreturn]] void Fail(const std::string& folder, std::string_view why) {
  throw Error(ErrorKind::kIo,
              fmt::format("TMPDIR {}: {}: a package is unpacked there", folder, why));
}

// Locked, if that can be had at once; never through a link.
Descriptor Lock(const std::string& path) {
  Descriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat state = {};
  const bool ours =
      folder.fd() >= 0 && fstat(folder.fd(), &state) == 0 && state.st_uid == geteuid();
  return ours && flock(folder.fd(), LOCK_EX | LOCK_NB) == 0 ? std::move(folder) : Descriptor();
}

void Remove(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
}

// What nobody has locked is a dead process's.
void RemoveLeftovers(const std::string& tmpdir) {
  std::error_code error;
  for (auto it = fs::directory_iterator(tmpdir, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    if (!it->path().filename().string().starts_with(kPrefix)) continue;
    if (const Descriptor lock = Lock(it->path()); lock.fd() >= 0) Remove(it->path());
  }
}

}  // namespace

UnpackDirectory::UnpackDirectory() {
  const std::string tmpdir = Tmpdir();
  struct statvfs about = {};
  if (statvfs(tmpdir.c_str(), &about) != 0) Fail(tmpdir, std::strerror(errno));
  if ((about.f_flag & ST_NOEXEC) != 0) Fail(tmpdir, "it is mounted noexec");
  RemoveLeftovers(tmpdir);
  // Before it is locked another process may take it for a leftover.
  for (int tries = 0; lock_.fd() < 0; ++tries) {
    if (tries == kTries) Fail(tmpdir, "no folder in it can be locked");
    path_ = fmt::format("{}/{}XXXXXX", tmpdir, kPrefix);
    if (mkdtemp(path_.data()) == nullptr) Fail(tmpdir, std::strerror(errno));
    lock_ = Lock(path_);
    if (lock_.fd() < 0) Remove(path_);
  }
}

UnpackDirectory::~UnpackDirectory() {
  if (!path_.empty()) Remove(path_);
}

UnpackDirectory::UnpackDirectory(UnpackDirectory&& other) noexcept
    : path_(std::exchange(other.path_, "")), lock_(std::move(other.lock_)) {}

void UnpackDirectory::CheckRoom() const {
  constexpr size_t kProbe = 64 << 10;
  const std::string probe = path_ + "/probe";
  const Descriptor file(open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
  const int reason = file.fd() < 0 ? errno : WriteAll(file.fd(), std::string(kProbe, '\0'));
  if (reason == ENOSPC || reason == EDQUOT) Fail(Tmpdir(), std::strerror(reason));
}

TmpdirSetting::TmpdirSetting(const std::string& path) {
  if (const char* set = std::getenv(kVariable)) before_ = set;
  ::setenv(kVariable, path.c_str(), 1);
}

TmpdirSetting::~TmpdirSetting() {
  if (before_) {
    ::setenv(kVariable, before_->c_str(), 1);
  } else {
    ::unsetenv(kVariable);
  }
}

}  // namespace rk
