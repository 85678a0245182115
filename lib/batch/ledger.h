#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>

#include "lib/batch/frame.h"
#include "lib/batch/interval_set.h"
#include "lib/batch/partition.h"

namespace rk {

/// The reader's memory of what it has sent and what is acknowledged (DESIGN I1, I4–I6, I8). A pure
/// class: no clock, no socket, no lock; the caller serialises.
///
/// Invariants: the batches of a partition tile it from its start offset on; a frame is kept until
/// each of its offsets is acknowledged; the floor of a partition is the end of its lowest
/// contiguous acknowledged range and never moves back within an epoch.
class Ledger {
 public:
  struct Limits {
    size_t window_bytes = size_t{64} << 20;  ///< frames kept in all, unsent ones too
    size_t window_batches = 4096;
  };

  explicit Ledger(Limits limits) : limits_(limits) {}

  /// Starts `partition` at `start_offset` under `epoch`; forgets an earlier epoch of it.
  void Assign(const TopicPartition& partition, int64_t epoch, int64_t start_offset);
  /// Drops the partition's frames that were never sent, so that only what is in flight remains.
  /// The dropped offsets stay unacknowledged. Add() is not allowed any more.
  void Stop(const TopicPartition& partition);
  /// Forgets the partition.
  void Revoke(const TopicPartition& partition);

  /// True while the window has room in bytes and in batches; one batch may go over the bytes.
  bool HasRoom() const;
  /// Batches that wait to be sent. The caller adds no more while some wait, so that batches grow
  /// by themselves when the link pushes back.
  size_t unsent() const { return replays_.size() + fresh_.size(); }
  size_t window_bytes() const { return bytes_; }
  size_t window_batches() const { return batches_; }

  /// Where the partition's next batch must begin.
  int64_t next_offset(const TopicPartition& partition) const;
  /// Takes a batch that begins at next_offset(partition) under the partition's epoch; it waits to
  /// be sent. Throws Error(kBug) if it does not begin there.
  void Add(const TopicPartition& partition, Frame frame);
  /// Offsets up to `next_offset` hold no records (end of the partition, compaction, markers): an
  /// acknowledged empty range.
  void Skip(const TopicPartition& partition, int64_t next_offset);

  /// The next frame to put on the link, stamped with today's floor and its attempt; null if none
  /// waits. Replays go first. The frame may be sent once before this is called again.
  std::shared_ptr<const Frame> NextToSend();

  /// The writer is done with `range`. Unknown partitions, other epochs and offsets that are
  /// acknowledged already are ignored.
  void Acknowledge(const TopicPartition& partition, int64_t epoch, OffsetRange range);

  /// Every sent, unacknowledged batch that overlaps `range` is sent again. With `blame` the peer
  /// died holding it: its attempt rises; from the second time on it is split in 16 parts; a single
  /// record that is blamed twice is marked failed (code `poison`) and sent once more.
  void Refuse(const TopicPartition& partition, int64_t epoch, OffsetRange range, bool blame);

  /// End of the lowest contiguous acknowledged range: what may be committed.
  int64_t floor(const TopicPartition& partition) const;
  bool Owns(const TopicPartition& partition) const { return partitions_.contains(partition); }
  int64_t epoch(const TopicPartition& partition) const;
  /// True if every batch (of `partition`, or of all) is acknowledged.
  bool Idle(const TopicPartition& partition) const;
  bool Idle() const { return batches_ == 0; }
};

}  // namespace rk
