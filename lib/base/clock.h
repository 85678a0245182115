#pragma once

#include <time.h>

#include <cstdint>

namespace rk {

/// Nanoseconds of CLOCK_BOOTTIME (epochs) or CLOCK_REALTIME (for display).
inline int64_t Nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace rk
