#include "lib/kafka/output_router.h"

namespace rk {

void OutputRouter::GrowTo(Destination destination, int32_t partitions, bool held) {
  auto& queues = queues_[static_cast<size_t>(destination)];
  while (static_cast<int32_t>(queues.size()) < partitions) {
    queues.emplace_back(static_cast<int32_t>(queues.size()));
    if (held) queues.back().Hold();
  }
}

std::optional<int32_t> OutputRouter::PlacedIn(const BatchInfo& batch) const {
  switch (placement_.by) {
    case Placement::By::kSame:
      return batch.partition;
    case Placement::By::kFixed:
      return placement_.fixed;
    default:
      return std::nullopt;
  }
}

OutputPartitionQueue& OutputRouter::QueueFor(Destination destination,
                                             std::optional<std::string_view> key,
                                             std::optional<int32_t> placed) {
  auto& queues = queues_[static_cast<size_t>(destination)];
  const int32_t partition =
      placed ? *placed : partitioner_.Choose(key, static_cast<int32_t>(queues.size()));
  return queues[static_cast<size_t>(partition)];
}

}  // namespace rk
