#include "lib/process/group_warden.h"

#include <linux/close_range.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/process/spawn.h"

namespace rk {
namespace {

// After fork(2) of a process with threads: only what is safe then. No descriptor but the pipe's
// stays open, else whoever waits for the end of our output would wait for the warden.
[[noreturn]] void Watch(int pipe, pid_t group) {
  setsid();
  if (dup2(pipe, 0) < 0) _exit(1);
  close_range(1, ~0U, 0);
  char dismissed = 0;
  ssize_t count = 0;
  while ((count = read(0, &dismissed, 1)) < 0 && errno == EINTR) {
  }
  if (count == 0) kill(-group, SIGKILL);
  _exit(0);
}

}  // namespace

GroupWarden::GroupWarden(pid_t group) {
  auto [theirs, ours] = MakePipe();
  // By way of a process that ends at once, so that whoever is the parent of orphans reaps it.
  const pid_t between = fork();
  if (between == 0) {
    if (fork() == 0) Watch(theirs.fd(), group);
    _exit(0);
  }
  if (between < 0) {
    throw Error(ErrorKind::kUnavailable,
                fmt::format("cannot start another process: {}", std::strerror(errno)));
  }
  waitpid(between, nullptr, 0);
  alive_ = std::move(ours);
}

GroupWarden::~GroupWarden() {
  // It may be dead: SIGPIPE is ignored in every tool (Signals).
  (void)!write(alive_.fd(), "", 1);
}

}  // namespace rk
