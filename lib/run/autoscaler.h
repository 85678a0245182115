#pragma once

#include <cstddef>
#include <optional>

namespace rk {

/// When a stage gets a replica more or one less, by the records that wait before it
/// (docs/architecture.md, Supervision). A pure class. Hysteresis: one more only if every look since
/// the last decision found more than `up_above`, one less only if kCalmSteps decisions long every
/// look found fewer than `down_below`; so a single large batch that waits for a moment changes
/// nothing.
class Autoscaler {
 public:
  static constexpr int kCalmSteps = 3;

  struct Limits {
    size_t min = 1;
    size_t max = 1;
    size_t up_above = 200;
    size_t down_below = 20;
  };

  /// A look at the queue, about once a second.
  void Look(size_t waiting);
  /// A decision, every 5 s: 1, 0 or -1. `has_room` says whether the CPUs are enough for one more.
  int Decide(const Limits& limits, size_t replicas, bool has_room);

 private:
  std::optional<size_t> least_;  ///< of the looks since the last decision, as is most_
  std::optional<size_t> most_;
  int calm_ = 0;
};

}  // namespace rk
