#include "lib/kafka/output_partition_queue.h"

#include <algorithm>

namespace rk {

void OutputPartitionQueue::Restart() {
  std::sort(waiting_.begin(), waiting_.end(),
            [](const QueuedRecord* left, const QueuedRecord* right) {
              return left->order < right->order;
            });
  known_to_broker_ = false;
  held_ = false;
}

}  // namespace rk
