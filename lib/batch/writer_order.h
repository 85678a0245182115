#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/batch/frame.h"
#include "lib/batch/interval_set.h"
#include "lib/batch/partition.h"

namespace rk {

/// The writer's order and dedup (DESIGN "The writer", I3, I10): which frames to produce now, which
/// to hold back, which to drop. A pure class: time is handed in, nothing is sent from here.
///
/// For each (group, topic, partition): the epoch, the highest floor seen, the end of what was
/// produced in order, and which offsets are in flight or acknowledged. Memory is bounded by the
/// readers' windows. The caller serialises.
class WriterOrder {
 public:
  using Clock = std::chrono::steady_clock;
  using FramePtr = std::shared_ptr<const Frame>;

  /// What to do about the frames that came.
  struct Outcome {
    std::vector<FramePtr> produce;      ///< in this order
    std::vector<FramePtr> acknowledge;  ///< wholly done before: acknowledge again, do not produce
    std::vector<FramePtr> fenced;       ///< of a lower or fenced epoch: answer FENCED
  };

  /// `ordered` false lets a batch that overtook an earlier one go at once (--unordered).
  explicit WriterOrder(bool ordered) : ordered_(ordered) {}

  /// A data frame arrived. A frame of a higher epoch drops what is held back of lower ones.
  Outcome Take(FramePtr frame, Clock::time_point now);

  /// Every record of a frame that Take() told to produce has its clean delivery report (or was
  /// filtered). The caller acknowledges it.
  void Done(const Frame& frame, Clock::time_point now);

  /// The reader gave the partition up: what is held back of this and lower epochs is dropped, and
  /// later frames of them are answered FENCED. Frames in flight finish.
  void Fence(const Origin& origin, const TopicPartition& partition, int64_t epoch);

  /// Drops the state of partitions silent for 10 minutes with nothing in flight or held back.
  void Expire(Clock::time_point now);

  size_t held_back() const;  ///< frames
};

}  // namespace rk
