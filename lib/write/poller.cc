#include "lib/write/poller.h"

#include <cerrno>
#include <system_error>

#include "lib/base/clock.h"

namespace rk {

std::chrono::nanoseconds Poller::SinceBoot() {
  return std::chrono::nanoseconds(Nanoseconds(CLOCK_BOOTTIME));
}

void Poller::Wait(std::span<pollfd> watched, std::chrono::milliseconds timeout) {
  if (poll(watched.data(), watched.size(), static_cast<int>(timeout.count())) < 0 &&
      errno != EINTR) {
    throw std::system_error(errno, std::generic_category(), "poll");
  }
}

}  // namespace rk
