#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

#include "lib/batch/ledger.h"
#include "lib/batch/partition.h"

namespace rk {

/// Where the commit is decided: which offsets this reader commits for its group, and when
/// (docs/architecture.md I4). Whoever carries it out asks here what to commit, and tells what
/// became of it.
///
/// An offset is to be committed when it is the floor of a partition that is ours and not what was
/// asked for last: at once where a partition begins, so that `latest` survives a crash; then at
/// most once each kInterval; and all of them, whatever was asked for before, when partitions go or
/// the reader ends. Nothing is committed because it was sent.
///
/// Pure: no client, no clock; for the thread that reads Kafka alone. It reads the ledger, which the
/// caller locks.
class OffsetCommitter {
 public:
  using Clock = std::chrono::steady_clock;
  using Offsets = std::vector<PartitionOffset>;

  static constexpr std::chrono::milliseconds kInterval{1000};

  /// Who commits for the group: this reader what is acknowledged, its writers (exactly once), or
  /// nobody (there is no group, or nobody acknowledges what is sent).
  enum class Policy { kAcknowledged, kByWriters, kNothing };

  explicit OffsetCommitter(Policy policy) : policy_(policy) {}

  /// False if a successor finds nothing of what we did.
  bool commits() const { return policy_ != Policy::kNothing; }

  /// The partitions are ours and in the ledger; returns what to commit at once: where they start.
  Offsets OnAssigned(const std::vector<TopicPartition>& partitions, const Ledger& ledger);
  /// The partition is ours no more.
  void OnRevoked(const TopicPartition& partition) { asked_.erase(partition); }

  /// What to ask of the brokers now, without waiting for the answer; nothing within kInterval of
  /// the last time.
  Offsets Due(const Ledger& ledger, Clock::time_point now);
  /// What to commit and wait for before partitions go: every floor. An answer to what was asked
  /// before may still be under way, so that counts for nothing.
  Offsets All(const Ledger& ledger) const;
  /// What to commit and wait for when everything is acknowledged and nothing more is sent. Here
  /// writers' readers commit too: behind the last record may be offsets that no batch carried.
  Offsets AtEnd(const Ledger& ledger) const;

  /// The brokers took them.
  void OnCommitted(const Offsets& offsets);
  /// The brokers refused something of what was asked; all of it is due again.
  void OnRefused();

 private:
  static constexpr int64_t kNothing = -1;

  Offsets Changed(const Ledger& ledger);

  Policy policy_;
  std::map<TopicPartition, int64_t> asked_;  ///< those that are ours → what was asked for last
  Clock::time_point next_due_{};
};

}  // namespace rk
