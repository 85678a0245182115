#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "lib/batch/partition.h"
#include "lib/kafka/consumer.h"
#include "lib/kafka/start_offset.h"

namespace rk {

/// Which start each partition has when it comes to this reader. Pure; for the thread that reads
/// Kafka alone.
class StartOffsets {
 public:
  /// -o against what the group has stored, where it has.
  enum class Priority { kAsked, kStored };

  struct Start {
    StartOffset from;
    std::optional<int64_t> overridden;  ///< the stored offset that -o passes over
  };

  /// `asked` is -o, which is for the partitions that were there when we started (`present`), until
  /// they have begun for the first time.
  StartOffsets(StartOffset asked, Priority priority, bool grouped,
               const std::vector<TopicPartition>& present)
      : asked_(asked),
        priority_(priority),
        grouped_(grouped),
        present_(present.begin(), present.end()) {}

  /// Where the partition, which has just come, is to begin. One that was given up with ResumeAt()
  /// goes on there; one that comes back otherwise, where its group is. One that was made after we
  /// started too, or at its beginning without a group: nothing of it may be left out. So does one
  /// that another member has had since we started.
  /// `stored` is what the group has stored for it, which matters if WantsStored().
  Start Take(const TopicPartition& partition, std::optional<Consumer::StoredOffset> stored);
  /// It has begun where Take() said: -o is over for it.
  void Began(const TopicPartition& partition) { begun_.insert(partition); }
  bool WantsStored() const { return grouped_ && asked_.kind != StartOffset::Kind::kStored; }

  /// The partition goes, and nothing was committed for it: `offset` is where we were.
  void ResumeAt(const TopicPartition& partition, int64_t offset) { resume_at_[partition] = offset; }

 private:
  StartOffset asked_;
  Priority priority_;
  bool grouped_;
  std::set<TopicPartition> present_;
  std::set<TopicPartition> begun_;
  std::map<TopicPartition, int64_t> resume_at_;
};

}  // namespace rk
