#include "lib/stage/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

constexpr int kFirstOther = STDERR_FILENO + 1;

Descriptor Keep(int fd) {
  const int kept = fcntl(fd, F_DUPFD_CLOEXEC, kFirstOther);
  if (kept >= 0) return Descriptor(kept);
  throw Error(ErrorKind::kIo,
              fmt::format("descriptor {} cannot be duplicated: {}", fd, std::strerror(errno)));
}

}  // namespace

void OpenClosedStreams() {
  // What is open for the wrong direction fails when it is used.
  constexpr int kModes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
  for (int fd = STDIN_FILENO; fd < kFirstOther; ++fd) {
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)open("/dev/null", kModes[fd]);
  }
}

StandardStreams::StandardStreams() : output_(Keep(STDOUT_FILENO)), error_(Keep(STDERR_FILENO)) {
  dup2(error_.fd(), STDOUT_FILENO);
  std::fflush(stdout);  // what a library printed before this
}

StandardStreams::~StandardStreams() {
  std::fflush(stdout);
  dup2(output_.fd(), STDOUT_FILENO);
  dup2(error_.fd(), STDERR_FILENO);
}

}  // namespace rk
