#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <mutex>

#include "lib/base/log.h"

namespace rk {

/// SIGTERM, SIGINT and SIGHUP as the tools understand them (docs/architecture.md, The end).
/// Construct before any thread starts: it blocks the signals for the whole process, and
/// Housekeeping, which has the thread, hands it those that come. SIGPIPE is ignored, so that a
/// broken pipe is an error that can be told from others.
///
/// The first SIGTERM or SIGINT asks for a drain and starts the drain time-out; when that runs out
/// the process says so and exits 75. A second one ends it at once, by that signal. A signal that
/// the process was started with ignored (nohup, a background job of a script) stays ignored.
/// SIGUSR1 asks for a drain too, and says that a successor is about to take the place.
///
/// What looks, or asks, and then is done has nothing to drain: EndAtOnce().
///
/// Children inherit both: whoever forks and execs another program unblocks the signals and resets
/// SIGPIPE in the child.
class Signals {
 public:
  using Clock = std::chrono::steady_clock;

  /// Throws Error(kIo) if the kernel gives no descriptors.
  Signals(std::chrono::milliseconds drain_timeout, Log log);
  /// The signals do again what they did before, but SIGHUP nothing if there was a reload; what came
  /// and was not heard yet is discarded.
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// True once a drain was asked for. Any thread.
  bool draining() const { return draining_; }
  /// True once the drain was asked for by SIGUSR1. Any thread.
  bool replaced() const { return replaced_; }
  /// Becomes and stays readable (POLLIN) once a drain was asked for.
  int drain_fd() const { return drain_fd_; }
  /// From now on the first signal ends the process at once, by that signal; so does one that has
  /// come already.
  void EndAtOnce();
  /// Called by whoever calls OnReadable() at each SIGHUP; without one SIGHUP ends the process as
  /// usual. Any thread.
  void OnReload(std::function<void()> reload);

  /// Readable (POLLIN) when a signal has come. Any thread; the three below are for one.
  int fd() const { return signal_fd_; }
  /// Does what the signals that came ask for; never blocks.
  void OnReadable();
  /// Exits with 75 once the drain time-out has run out.
  void OnTick(Clock::time_point now) const;
  /// When it does; the clock's end if nothing drains.
  Clock::time_point next_due() const { return deadline_; }

 private:
  void Handle(int signal);
  void DiscardPending();
  void Drain(int signal);
  void Reload();
  void DieOf(int signal);
  [[noreturn]] void GiveUp() const;

  std::chrono::milliseconds drain_timeout_;
  Log log_;
  sigset_t watched_{};
  sigset_t inherited_{};
  int signal_fd_ = -1;
  int drain_fd_ = -1;
  std::atomic<bool> draining_ = false;
  std::atomic<bool> replaced_ = false;
  std::atomic<bool> at_once_ = false;
  std::atomic<int> drain_signal_ = 0;
  Clock::time_point deadline_ = Clock::time_point::max();  ///< of the drain
  std::mutex mutex_;
  std::function<void()> reload_;  ///< guarded by mutex_
};

}  // namespace rk
