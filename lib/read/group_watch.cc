#include "lib/read/group_watch.h"

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {

std::optional<std::string> GroupWatch::OnTick(bool waiting, Clock::time_point now) {
  if (!waiting) {
    answered_ = now;
    next_warning_ = now + kBetweenWarnings;
    return std::nullopt;
  }
  const auto waited = std::chrono::duration_cast<std::chrono::seconds>(now - answered_);
  const std::string what =
      fmt::format("group {}: no partition assignment for {} s", group_, waited.count());
  if (now - answered_ >= limit_)
    throw Error(ErrorKind::kUnavailable, what + ": is its coordinator reachable?");
  if (now < next_warning_) return std::nullopt;
  next_warning_ = now + kBetweenWarnings;
  return what + "; still waiting";
}

}  // namespace rk
