#include "lib/run/init_process.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace rk {
namespace {

int StatusOf(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Reaps what is dead by now. The child's exit status, if it is among them.
std::optional<int> Reap(pid_t child) {
  std::optional<int> status;
  int how = 0;
  for (pid_t dead; (dead = waitpid(-1, &how, WNOHANG)) > 0;) {
    if (dead == child) status = StatusOf(how);
  }
  return status;
}

// What a terminal's keys send (SI_KERNEL) goes to the whole foreground group, so the child has it.
bool IsForChild(const siginfo_t& info) {
  return info.si_signo != SIGCHLD && info.si_code != SI_KERNEL;
}

int Attend(pid_t child, const sigset_t& signals) {
  while (true) {
    siginfo_t info = {};
    if (sigwaitinfo(&signals, &info) < 0) continue;
    if (IsForChild(info)) kill(child, info.si_signo);
    if (const auto status = Reap(child)) return *status;
  }
}

}  // namespace

std::optional<int> LeaveWorkToChild() {
  if (getpid() != 1) return std::nullopt;
  sigset_t all;
  sigset_t inherited;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &inherited);
  std::signal(SIGCHLD, SIG_DFL);  // ignored, it would take the exit status with it
  const pid_t child = fork();
  if (child > 0) return Attend(child, all);
  pthread_sigmask(SIG_SETMASK, &inherited, nullptr);
  return std::nullopt;
}

}  // namespace rk
