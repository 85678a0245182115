#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace rk {

/// Watches whether a group answers the one who wants to join it: a member that lost its session, or
/// never got one, asks again and again without a word. Pure; for one thread.
class GroupWatch {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::seconds kBetweenWarnings{10};

  /// `limit` is how long a group may take to answer; `now` the first moment that counts.
  GroupWatch(std::string group, Clock::duration limit, Clock::time_point now)
      : group_(std::move(group)),
        limit_(limit),
        answered_(now),
        next_warning_(now + kBetweenWarnings) {}

  /// To be called about once a second. `waiting`: we asked for partitions and have no answer.
  /// Returns the warning that is due. Throws Error(kUnavailable) when the limit has passed.
  std::optional<std::string> OnTick(bool waiting, Clock::time_point now);

 private:
  std::string group_;
  Clock::duration limit_;
  Clock::time_point answered_;  ///< the last moment when the group had
  Clock::time_point next_warning_;
};

}  // namespace rk
