#include "lib/read/new_partitions.h"

#include <utility>

namespace rk {

std::vector<TopicPartition> NewPartitions::Look(const Consumer& consumer, Clock::time_point now) {
  std::vector<TopicPartition> fresh;
  if (now < next_look_) return fresh;
  const bool first =
      std::exchange(next_look_, now + consumer.refresh_interval()) == Clock::time_point{};
  if (first) return fresh;
  const auto found = consumer.TryFind(topics_);
  if (!found) return fresh;
  for (const auto& partition : *found)
    if (known_.insert(partition).second) fresh.push_back(partition);
  return fresh;
}

}  // namespace rk
