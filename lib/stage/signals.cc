#include "lib/stage/signals.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/stage/exit_code.h"

namespace rk {
namespace {

sigset_t SignalsNotIgnored() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
    struct sigaction action = {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN) sigaddset(&set, signal);
  }
  return set;
}

int Opened(int fd) {
  if (fd >= 0) return fd;
  throw Error(ErrorKind::kIo, fmt::format("cannot wait for signals: {}", std::strerror(errno)));
}

std::string NameOf(int signal) { return fmt::format("SIG{}", sigabbrev_np(signal)); }

}  // namespace

Signals::Signals(std::chrono::milliseconds drain_timeout, Log log)
    : drain_timeout_(drain_timeout), log_(std::move(log)), watched_(SignalsNotIgnored()) {
  std::signal(SIGPIPE, SIG_IGN);
  drain_fd_ = Opened(eventfd(0, EFD_CLOEXEC));
  signal_fd_ = Opened(signalfd(-1, &watched_, SFD_CLOEXEC | SFD_NONBLOCK));
  pthread_sigmask(SIG_BLOCK, &watched_, &inherited_);
}

Signals::~Signals() {
  DiscardPending();
  if (reload_) std::signal(SIGHUP, SIG_IGN);  // sent to who reloads: no reason to die while it ends
  pthread_sigmask(SIG_SETMASK, &inherited_, nullptr);
  for (const int fd : {signal_fd_, drain_fd_}) close(fd);
}

void Signals::OnReload(std::function<void()> reload) {
  const std::lock_guard lock(mutex_);
  reload_ = std::move(reload);
}

// Whoever of the two threads comes second sees what the other one wrote.
void Signals::EndAtOnce() {
  at_once_ = true;
  if (draining_) DieOf(drain_signal_);
}

void Signals::OnReadable() {
  signalfd_siginfo info;
  while (read(signal_fd_, &info, sizeof(info)) == sizeof(info)) {
    Handle(static_cast<int>(info.ssi_signo));
  }
}

void Signals::OnTick(Clock::time_point now) const {
  if (now >= deadline_) GiveUp();
}

void Signals::Handle(int signal) {
  if (signal == SIGHUP) return Reload();
  if (draining_ || at_once_) return DieOf(signal);
  Drain(signal);
  if (at_once_) DieOf(signal);
}

// The work is done: what comes too late to be heard must not change how the process ends.
void Signals::DiscardPending() {
  const timespec now = {};
  while (sigtimedwait(&watched_, nullptr, &now) > 0) continue;
}

void Signals::Drain(int signal) {
  log_(LogLevel::kInfo, fmt::format("draining signal={} timeout_s={:g}", NameOf(signal),
                                    std::chrono::duration<double>(drain_timeout_).count()));
  deadline_ = Clock::now() + drain_timeout_;
  replaced_ = signal == SIGUSR1;
  drain_signal_ = signal;
  draining_ = true;
  eventfd_write(drain_fd_, 1);
}

void Signals::Reload() {
  std::unique_lock lock(mutex_);
  const std::function<void()> reload = reload_;
  lock.unlock();
  if (!reload) return DieOf(SIGHUP);
  try {
    reload();
  } catch (const std::exception& error) {
    log_(LogLevel::kError, fmt::format("reload failed: {}", error.what()));
  }
}

void Signals::DieOf(int signal) {
  log_(LogLevel::kDebug, fmt::format("exiting immediately signal={}", NameOf(signal)));
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  raise(signal);
  // The first process of a container outlives its own signals.
  _exit(128 + signal);
}

void Signals::GiveUp() const {
  log_(LogLevel::kError, fmt::format("drain timed out after {:g} s; what is unacknowledged is read "
                                     "again at the next start (see --drain-timeout)",
                                     std::chrono::duration<double>(drain_timeout_).count()));
  _exit(kExitTryAgain);
}

}  // namespace rk
