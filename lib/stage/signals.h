#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "lib/batch/log.h"

namespace rk {

/// SIGTERM, SIGINT and SIGHUP as the tools understand them (DESIGN "The end"). Construct before any
/// other thread starts: it blocks the signals for the whole process and waits for them on a thread
/// of its own. SIGPIPE is ignored, so that a broken pipe is an error that can be told from others.
///
/// The first SIGTERM or SIGINT asks for a drain and starts the drain time-out; when that runs out
/// the process says so and exits 75. A second one ends it at once, by that signal.
class Signals {
 public:
  Signals(std::chrono::milliseconds drain_timeout, Log log);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// True once a drain was asked for. Any thread.
  bool draining() const { return draining_; }
  /// Becomes and stays readable (POLLIN) once a drain was asked for.
  int drain_fd() const { return drain_fd_; }
  /// Called on the signal thread at each SIGHUP; without one SIGHUP ends the process as usual.
  void OnReload(std::function<void()> reload);

 private:
  std::atomic<bool> draining_ = false;
  int drain_fd_ = -1;
};

}  // namespace rk
