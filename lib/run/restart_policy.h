#pragma once

#include <chrono>
#include <deque>
#include <optional>

namespace rk {

/// How soon a process that died is started again (docs/architecture.md, Supervision): the first
/// kAtOnce times in a minute without a pause, then after one that doubles from 0.1 s to 10 s; more
/// than kMost times a minute is too often. A pure class.
class RestartPolicy {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr size_t kAtOnce = 10;
  static constexpr size_t kMost = 20;

  /// It died: the pause before the next start, nullopt if there is to be none.
  std::optional<std::chrono::milliseconds> Died(Clock::time_point now);

 private:
  std::deque<Clock::time_point> deaths_;  ///< of the last minute
};

/// True for an exit status that may be another one next time: unavailable, an input or output
/// error, try again, a signal, and 141, a neighbour that is gone (docs/architecture.md, Exit
/// codes).
bool MayGetBetter(int status);

}  // namespace rk
