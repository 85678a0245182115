#pragma once

#include <cstdint>

namespace rk {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RK_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RK_SANITIZED
#endif
#endif

/// How many randomised schedules a test runs. Sanitizers look at what is done, which a hundred do
/// all of, at thirty times the cost; what comes of it needs all of them, and no sanitizer.
#ifdef RK_SANITIZED
constexpr uint64_t kScheduleSeeds = 100;
#else
constexpr uint64_t kScheduleSeeds = 1000;
#endif

}  // namespace rk
