#include "lib/run/restart_policy.h"

#include <algorithm>

#include "lib/stage/exit_code.h"

namespace rk {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kMemory{60};
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{10'000};

}  // namespace

std::optional<milliseconds> RestartPolicy::Died(Clock::time_point now) {
  while (!deaths_.empty() && now - deaths_.front() >= kMemory) deaths_.pop_front();
  deaths_.push_back(now);
  if (deaths_.size() > kMost) return std::nullopt;
  if (deaths_.size() <= kAtOnce) return milliseconds(0);
  return std::min(kFirstPause * (1 << (deaths_.size() - kAtOnce - 1)), kLongestPause);
}

bool MayGetBetter(int status) {
  return status == kExitUnavailable || status == kExitIo || status == kExitTryAgain || status > 128;
}

}  // namespace rk
