#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "lib/batch/frame.h"
#include "lib/batch/interval_set.h"
#include "lib/batch/partition.h"

namespace rk {

/// The reader's memory of what it has sent and what is acknowledged (docs/architecture.md I1,
/// I4–I6, I8). A pure class: no clock, no socket, no lock; the caller serialises.
///
/// Invariants: the batches of a partition tile it from its start offset on; a frame is kept until
/// each of its offsets is acknowledged; the floor of a partition is the end of its lowest
/// contiguous acknowledged range and never moves back within an epoch.
///
/// Calls that name a partition which is not assigned throw Error(kBug) where they need it (Add,
/// Skip, next_offset, floor, epoch) and do nothing elsewhere. Every call is logarithmic in what is
/// kept, but for Stop, Revoke, and the batches that Acknowledge and Nack touch.
///
/// Where a replay begins a new epoch (exactly once, docs/architecture.md X2), all of the partition
/// that was sent and is not acknowledged goes again under it: so each offset is sent once in an
/// epoch at most, and two writers that were sent something in one epoch hold different offsets.
/// Acknowledgements count from all epochs since Assign().
class Ledger {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kOverdueAfter{60};

  struct Limits {
    size_t window_bytes = size_t{64} << 20;  ///< frames kept in all, unsent ones too
    size_t window_batches = 4096;
  };

  /// Under which epoch a batch is sent again.
  enum class Replays { kSameEpoch, kNewEpoch };

  explicit Ledger(Limits limits, Replays replays = Replays::kSameEpoch)
      : limits_(limits), renews_(replays == Replays::kNewEpoch) {}

  /// Starts `partition` at `start_offset` under `epoch`; forgets an earlier epoch of it.
  void Assign(const TopicPartition& partition, int64_t epoch, int64_t start_offset);
  /// Drops the partition's frames that were never sent, so that only what is in flight remains.
  /// The dropped offsets stay unacknowledged. Add() is not allowed any more.
  void Stop(const TopicPartition& partition);
  /// Forgets the partition.
  void Revoke(const TopicPartition& partition);

  /// True while the window has room in bytes and in batches; one batch may go over the bytes. The
  /// parts of a split batch count as what they are: a few more bytes, and up to 16 batches.
  bool HasRoom() const {
    return bytes_ < limits_.window_bytes && batches_ < limits_.window_batches;
  }
  /// Batches that wait to be sent. The caller adds no more while some wait, so that batches grow
  /// by themselves when the link pushes back.
  size_t unsent() const { return replays_.size() + fresh_.size(); }
  size_t window_bytes() const { return bytes_; }
  size_t window_batches() const { return batches_; }

  /// Where the partition's next batch must begin: where the last one that was added ends.
  int64_t next_offset(const TopicPartition& partition) const;
  /// Takes a batch that begins at next_offset(partition) under the partition's epoch; it waits to
  /// be sent. Throws Error(kBug) if it does not begin there, covers no offset, is of another epoch,
  /// or the partition is stopped.
  void Add(const TopicPartition& partition, Frame frame);
  /// Offsets up to `next_offset` hold no records (end of the partition, compaction, markers): an
  /// acknowledged empty range. The next batch still begins where the last one ended and covers
  /// them, so that a writer which expects that offset never waits for what no frame carries.
  void Skip(const TopicPartition& partition, int64_t next_offset);

  /// The next frame to put on the link, stamped with its attempt and the lowest offset that a frame
  /// may still carry; null if none waits. Replays go first, lowest offset first within a partition:
  /// the writer holds back whatever lies behind. The frame may be sent once before this is called
  /// again, and counts as sent from here on.
  std::shared_ptr<const Frame> NextToSend();

  /// The writer is done with `range`. Unknown partitions, other epochs, and offsets that are
  /// acknowledged already or were never sent are ignored.
  void Acknowledge(const TopicPartition& partition, int64_t epoch, OffsetRange range);

  /// Every sent, unacknowledged batch that overlaps `range` is sent again. With `blame` a peer died
  /// holding the batch with this range, or a part of it: its attempt rises; the second time it is
  /// split in 16 parts, each of them the first time; a single record that is blamed twice is marked
  /// failed (code `poison`). So a peer's batches are to be named one by one. Without blame an
  /// earlier epoch means nothing: what was sent in it has been sent again.
  void Nack(const TopicPartition& partition, int64_t epoch, OffsetRange range, bool blame);

  /// Every sent, unacknowledged batch is sent again; nobody is to blame.
  void NackAll();

  /// The last resort on links that may lose a frame, to be called about once a second: a partition
  /// that has something in flight and no acknowledgement for kOverdueAfter gets its lowest batch
  /// sent again, then after twice that, and so on. Says how many were.
  size_t ReplayOverdue(Clock::time_point now);

  /// End of the lowest contiguous acknowledged range: what may be committed.
  int64_t floor(const TopicPartition& partition) const;
  bool Owns(const TopicPartition& partition) const { return partitions_.contains(partition); }
  int64_t epoch(const TopicPartition& partition) const;
  /// True if every batch (of `partition`, or of all) is acknowledged.
  bool Idle(const TopicPartition& partition) const;
  bool Idle() const { return batches_ == 0; }
  /// `use` is called with each batch once it is wholly acknowledged; it must not call back.
  void OnAcknowledged(std::function<void(const Frame& batch)> use) { done_ = std::move(use); }
  /// True once any batch of this reader was acknowledged.
  bool acknowledged_any() const { return acknowledged_any_; }

 private:
  struct Batch {
    std::shared_ptr<Frame> frame;
    uint32_t attempt = 0;
    int tries = 0;  ///< blames left until it is split or, as a single record, marked failed
  };
  using Batches = std::map<int64_t, Batch>;  ///< by first offset

  struct Partition {
    int64_t epoch = 0;
    int64_t first_epoch = 0;  ///< as it was assigned
    int64_t start = 0;
    int64_t next = 0;  ///< end of the last batch added
    int64_t sent = 0;  ///< end of the last batch sent; what lies behind is fresh
    int64_t acknowledged_end = 0;
    /// Below this, what is acknowledged above the floor was so before a replay: a writer started
    /// since does not know of it.
    int64_t acked_before_replay_end = 0;
    bool stopped = false;
    bool heard_of = true;  ///< acknowledged anything since ReplayOverdue() looked
    std::chrono::seconds patience = kOverdueAfter;
    Clock::time_point overdue_at{};
    IntervalSet acknowledged;
    Batches batches;  ///< what is not wholly acknowledged
  };

  struct Waiting {
    TopicPartition partition;
    int64_t first_offset = 0;
    auto operator<=>(const Waiting&) const = default;
  };

  Partition* Find(const TopicPartition& partition, int64_t epoch);
  /// Something that was sent in this epoch is to be sent again.
  void Renew(const TopicPartition& partition, Partition& state);
  const Partition& Get(const TopicPartition& partition) const;
  Partition& Get(const TopicPartition& partition);
  void Keep(Partition& state, Batch batch);
  Batches::iterator Forget(Partition& state, Batches::iterator batch);
  void DropFresh(const TopicPartition& partition, Partition& state);
  void FreeAcknowledged(const TopicPartition& partition, Partition& state, OffsetRange range);
  bool Blame(const TopicPartition& partition, Partition& state, Batches::iterator batch);
  void Split(const TopicPartition& partition, Partition& state, Batches::iterator batch);
  void MarkPoison(Batch& batch);

  Limits limits_;
  bool renews_;
  std::map<TopicPartition, Partition> partitions_;
  std::deque<Waiting> fresh_;  ///< never sent, in the order they were added
  std::set<Waiting> replays_;  ///< sent before
  size_t bytes_ = 0;
  size_t batches_ = 0;
  bool acknowledged_any_ = false;
  std::function<void(const Frame& batch)> done_ = [](const Frame&) {};
};

}  // namespace rk
