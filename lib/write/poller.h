#pragma once

#include <poll.h>

#include <chrono>
#include <span>

namespace rk {

/// Time and poll(2) as a Writer has them; a test replaces both. Used by the writer's thread.
class Poller {
 public:
  using Clock = std::chrono::steady_clock;

  virtual ~Poller() = default;

  virtual Clock::time_point Now() { return Clock::now(); }
  /// CLOCK_BOOTTIME: it goes on while the machine sleeps.
  virtual std::chrono::nanoseconds SinceBoot();
  /// Waits until one of `watched` has something, a signal comes or `timeout` is over. Throws
  /// std::system_error.
  virtual void Wait(std::span<pollfd> watched, std::chrono::milliseconds timeout);
};

}  // namespace rk
