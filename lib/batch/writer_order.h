#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/batch/frame.h"
#include "lib/batch/interval_set.h"
#include "lib/batch/partition.h"

namespace rk {

/// The writer's order and dedup (docs/architecture.md, The writer, I3, I10): which frames to
/// produce now, which to hold back, which to drop. A pure class: time is handed in, nothing is sent
/// from here.
///
/// For each (group, topic, partition): the epoch, which offsets are acknowledged, and which are so
/// or in flight. What lies below the highest floor seen counts as acknowledged, so the next offset
/// expected is the end of what was taken from the beginning on. Memory is bounded by the readers'
/// windows. Every call but Fence, Abandon, Expire and held_back is logarithmic in what is kept. The
/// caller serialises.
class WriterOrder {
 public:
  using Clock = std::chrono::steady_clock;
  using FramePtr = std::shared_ptr<const Frame>;

  /// What to do about the frames that came, or about pieces of them: what overlaps something that
  /// came before is cut there. The pieces of a frame tile it.
  struct Outcome {
    std::vector<FramePtr> produce;      ///< in this order
    std::vector<FramePtr> acknowledge;  ///< wholly done before: acknowledge again, do not produce
    std::vector<FramePtr> fenced;       ///< of a lower or fenced epoch: answer FENCED
    /// Let go without an answer, this frame or some that were held back: the same offsets are in
    /// flight or held back, and their acknowledgement answers it, or the epoch is over.
    std::vector<FramePtr> dropped;
  };

  /// `ordered` false lets a batch that overtook an earlier one go at once (--unordered).
  explicit WriterOrder(bool ordered) : ordered_(ordered) {}

  /// A data frame arrived: what to do about it, and about those held back that it lets go. A frame
  /// that is in none of the lists is held back. A frame of a higher epoch drops what is held back
  /// of lower ones, and nothing of an earlier epoch counts as produced any more.
  Outcome Take(FramePtr frame, Clock::time_point now);

  /// Every record of a frame that Take() told to produce has its clean delivery report (or was
  /// filtered). The caller acknowledges it.
  void Done(const Frame& frame, Clock::time_point now);

  /// It is dropped instead: a later epoch, or its reader's Fence, has made it worthless.
  void Dropped(const Frame& frame);

  /// The reader gave the partition up: what is held back of this and lower epochs is dropped, and
  /// returned; later frames of them are answered FENCED. Frames in flight finish.
  std::vector<FramePtr> Fence(const Origin& origin, const TopicPartition& partition, int64_t epoch);

  /// Nothing that is in flight or held back counts as taken any more, so that it is produced when
  /// it comes again; returns what was held back. Frames in flight are not told Done().
  std::vector<FramePtr> Abandon();

  /// Drops the state of partitions silent for 10 minutes with nothing in flight or held back.
  void Expire(Clock::time_point now);

  /// Frames held back, of all partitions.
  size_t held_back() const;

 private:
  struct Key {
    TopicPartition partition;
    std::string group;
    auto operator<=>(const Key&) const = default;
  };

  struct State {
    Origin origin{};
    int64_t epoch = 0;
    IntervalSet acknowledged;          ///< from 0 to the floor, and delivered ranges above it
    IntervalSet taken;                 ///< those, and what is in flight
    std::map<int64_t, FramePtr> held;  ///< by first offset; disjoint
    size_t in_flight = 0;              ///< frames produced and not done
    Clock::time_point seen;
  };

  struct Reader {
    Origin origin{};
    TopicPartition partition;
    auto operator<=>(const Reader&) const = default;
  };

  struct FencedEpoch {
    int64_t epoch = 0;
    Clock::time_point seen;
  };

  enum class Verdict { kProduce, kHold, kDrop, kAcknowledge };

  bool Fenced(const BatchInfo& info) const;
  State& Begin(const BatchInfo& info, Outcome& outcome);
  Verdict Judge(const State& state, OffsetRange& range) const;
  void Settle(State& state, const FramePtr& frame, Outcome& outcome) const;
  static void Carry(State& state, Verdict verdict, FramePtr frame, Outcome& outcome);
  void Release(State& state, Outcome& outcome) const;

  bool ordered_;
  std::map<Key, State> states_;
  std::map<Reader, FencedEpoch> fences_;
  Clock::time_point now_{};  ///< the latest time handed in
};

}  // namespace rk
