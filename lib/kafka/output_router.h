#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>

#include "lib/batch/frame.h"
#include "lib/kafka/output_partition_queue.h"
#include "lib/kafka/placement.h"
#include "lib/kafka/producer_partitioner.h"

namespace rk {

/// The partitions of the two topics that a producer writes to, and which of them a record goes to.
/// A pure class; the caller serialises.
class OutputRouter {
 public:
  /// `partitioner` as librdkafka has it. Throws Error(kConfiguration) for another.
  OutputRouter(Placement placement, const std::string& partitioner)
      : placement_(placement), partitioner_(partitioner) {}

  /// A topic has that many partitions now; fewer change nothing. Queues never move; new ones are
  /// held if `held`.
  void GrowTo(Destination destination, int32_t partitions, bool held = false);
  int32_t partitions(Destination destination) const {
    return static_cast<int32_t>(queues_[static_cast<size_t>(destination)].size());
  }

  /// The partition of the output that its placement names for a batch; nullopt: the key decides.
  std::optional<int32_t> PlacedIn(const BatchInfo& batch) const;

  /// Records without a key go to another partition from here on.
  void StartBatch() { partitioner_.StartBatch(); }
  /// `placed`, which is below partitions(), or else by the key.
  OutputPartitionQueue& QueueFor(Destination destination, std::optional<std::string_view> key,
                                 std::optional<int32_t> placed);

  template <typename Function>
  void ForEachQueue(Function function) {
    for (auto& queues : queues_) {
      for (OutputPartitionQueue& queue : queues) function(queue);
    }
  }

 private:
  Placement placement_;
  Partitioner partitioner_;
  std::array<std::deque<OutputPartitionQueue>, 2> queues_;  ///< by Destination
};

}  // namespace rk
