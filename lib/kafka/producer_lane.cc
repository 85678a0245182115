#include "lib/kafka/producer_lane.h"

#include <algorithm>

namespace rk {

void Lane::Restart() {
  std::sort(waiting_.begin(), waiting_.end(),
            [](const Slot* left, const Slot* right) { return left->order < right->order; });
  known_to_broker_ = false;
  held_ = false;
}

}  // namespace rk
