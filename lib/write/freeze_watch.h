#pragma once

#include <chrono>
#include <optional>

namespace rk {

/// Notices that a process was not running: stopped, swapped out, or asleep with its machine. A pure
/// class; the caller serialises.
class FreezeWatch {
 public:
  /// For so long a neighbour on a link waits to hear of a fetcher, then gives its batches to
  /// another (docs/architecture.md, Links): READY's silence.
  static constexpr std::chrono::seconds kNeighboursPatience{2};

  /// To be called at least once a second. The time since the last call, if it was too long.
  std::optional<std::chrono::nanoseconds> Look(std::chrono::nanoseconds since_boot) {
    const auto silence = since_boot - looked_.value_or(since_boot);
    looked_ = since_boot;
    if (silence <= kNeighboursPatience) return std::nullopt;
    return silence;
  }

 private:
  std::optional<std::chrono::nanoseconds> looked_;
};

}  // namespace rk
