#include "lib/process/warden.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace rk {
namespace {

// After fork(2) of a process with threads: only what is safe then.

constexpr int kAlive = 0;
constexpr int kChildren = 1;

// False if the kernel tells nobody who its children are.
bool KillChildren() {
  const int list = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  if (list < 0) return false;
  std::array<char, 4096> text{};
  pid_t child = 0;
  for (ssize_t count = 0; (count = read(list, text.data(), text.size())) > 0;) {
    for (ssize_t i = 0; i < count; ++i) {
      const char c = text[static_cast<size_t>(i)];
      if (c >= '0' && c <= '9') {
        child = child * 10 + (c - '0');
      } else if (child > 0) {
        kill(child, SIGKILL);
        child = 0;
      }
    }
  }
  close(list);
  return true;
}

// Whose parent dies is our child next.
bool KillDescendants() {
  constexpr timespec kMoment{0, 1'000'000};
  for (;;) {
    if (!KillChildren()) return false;
    const pid_t ended = waitpid(-1, nullptr, WNOHANG);
    if (ended < 0 && errno == ECHILD) return true;
    if (ended == 0) nanosleep(&kMoment, nullptr);
  }
}

// Of what has died; the program's status once it has.
bool Reap(pid_t program, int* status) {
  pid_t ended = 0;
  while ((ended = waitpid(-1, status, WNOHANG)) > 0) {
    if (ended == program) return true;
  }
  return false;
}

// No other descriptor stays open, else whoever waits for the end of the program's output would wait
// for the warden.
[[noreturn]] void Watch(pid_t program, int alive, int children) {
  if (dup2(alive, kAlive) < 0 || dup2(children, kChildren) < 0) _exit(1);
  close_range(kChildren + 1, ~0U, 0);
  for (;;) {
    std::array<pollfd, 2> fds = {{{kAlive, POLLIN, 0}, {kChildren, POLLIN, 0}}};
    poll(fds.data(), fds.size(), -1);
    signalfd_siginfo signal{};
    if (fds[1].revents != 0) (void)!read(kChildren, &signal, sizeof signal);
    int status = 0;
    if (Reap(program, &status)) {
      KillDescendants();
      _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    }
    if (fds[0].revents == 0) continue;
    if (!KillDescendants()) kill(0, SIGKILL);  // the group, at least
    _exit(128 + SIGKILL);
  }
}

}  // namespace

pid_t ForkUnderWarden(int alive) {
  setpgid(0, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  std::signal(SIGCHLD, SIG_DFL);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, nullptr);
  const int children = signalfd(-1, &child, SFD_CLOEXEC);
  const pid_t program = children < 0 ? -1 : fork();
  if (program <= 0) return program;
  Watch(program, alive, children);
}

}  // namespace rk
