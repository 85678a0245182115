#include "lib/run/autoscaler.h"

#include <algorithm>
#include <utility>

namespace rk {

void Autoscaler::Look(size_t waiting) {
  least_ = std::min(least_.value_or(waiting), waiting);
  most_ = std::max(most_.value_or(waiting), waiting);
}

int Autoscaler::Decide(const Limits& limits, size_t replicas, bool has_room) {
  const auto least = std::exchange(least_, std::nullopt);
  const auto most = std::exchange(most_, std::nullopt);
  if (!least || !most) return 0;
  calm_ = *most < limits.down_below ? calm_ + 1 : 0;
  if (*least > limits.up_above && replicas < limits.max && has_room) return 1;
  if (calm_ >= kCalmSteps && replicas > limits.min) return -1;
  return 0;
}

}  // namespace rk
