#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/batch/frame.h"
#include "lib/batch/partition.h"
#include "lib/batch/transaction_flow.h"
#include "lib/kafka/config.h"
#include "lib/kafka/start_offset.h"

namespace rk {

/// Reads partitions of Kafka as frames: the interface behind which librdkafka is; tests fake it.
/// One thread makes all calls; its event_fd() wakes that thread, and the Listener is called on it.
///
/// Each partition has its own queue, which is not forwarded to the consumer queue: a partition that
/// is left unread backs up alone, while Poll() keeps the member in its group (docs/architecture.md
/// I5). Offsets are resolved here and never reset behind the caller's back.
class Consumer {
 public:
  struct Options {
    ClientSettings client;
    std::string group;           ///< empty: none, nothing is committed
    std::string instance;        ///< group.instance.id; empty: a dynamic member
    size_t partition_count = 1;  ///< that may be ours: the fetch queues share memory
    int64_t started_ms = 0;      ///< when this reader began, since 1970
  };

  struct StoredOffset {
    int64_t offset = 0;
    bool of_this_run = false;  ///< stored by a member since Options::started_ms
    bool operator==(const StoredOffset&) const = default;
  };

  /// Told what the group decided, from within Poll().
  class Listener {
   public:
    virtual ~Listener() = default;
    /// These partitions came; returns where to start each, in the same order.
    virtual std::vector<PartitionOffset> OnAssigned(
        const std::vector<TopicPartition>& partitions) = 0;
    /// These partitions go as soon as this returns. `lost`: they have another owner already, so
    /// nothing may be committed.
    virtual void OnRevoked(const std::vector<TopicPartition>& partitions, bool lost) = 0;
  };

  virtual ~Consumer() = default;

  /// Joins the group for `topics`, names or patterns (IsPattern). `listener` must outlive the
  /// consumer's use.
  virtual void Subscribe(const std::vector<std::string>& topics, Listener& listener) = 0;
  /// Reads just these partitions from the given offsets, with no group's say in it.
  /// Those that are read already go on.
  virtual void Assign(const std::vector<PartitionOffset>& starts) = 0;
  /// Reads the partition from `offset` on, whatever there was before it.
  virtual void Restart(const PartitionOffset& start) = 0;

  /// The partitions there are now of topics (names or patterns), in order. nullopt if the brokers
  /// do not say within a moment.
  virtual std::optional<std::vector<TopicPartition>> TryFind(
      const std::vector<std::string>& topics) const = 0;
  /// How often a look at TryFind() is worth it: topic.metadata.refresh.interval.ms.
  virtual std::chrono::milliseconds refresh_interval() const = 0;
  /// How long a group may take to answer one who joins: max.poll.interval.ms, which its slowest
  /// member has.
  virtual std::chrono::milliseconds join_limit() const = 0;
  /// The end of the partition as the last fetch saw it; nullopt before the first.
  virtual std::optional<int64_t> CachedEnd(const TopicPartition& partition) const = 0;

  /// The offset at which `start` begins in each partition; a group without a stored one begins as
  /// auto.offset.reset says (earliest by default: nothing is left out). Asks the brokers: at most
  /// 10 s. Throws Error(kUnavailable), Error(kNotAuthorised), Error(kBadData) if auto.offset.reset
  /// is error.
  virtual std::vector<int64_t> Resolve(const std::vector<TopicPartition>& partitions,
                                       const StartOffset& start) = 0;
  /// The group's stored offset of each partition, nullopt where it has none; 0 where it is one of a
  /// topic that was deleted since, and made again. Asks the brokers, as Resolve() does.
  virtual std::vector<std::optional<StoredOffset>> Stored(
      const std::vector<TopicPartition>& partitions) = 0;

  /// Serves rebalances, errors and commit results; never blocks but in the Listener. Call it at
  /// least every few seconds. Throws what makes reading on impossible.
  virtual void Poll() = 0;
  /// Poll for POLLIN: something for Poll() or Fetch(). Clear() before looking, so that nothing that
  /// comes meanwhile is missed.
  virtual int event_fd() const = 0;
  virtual void ClearEvents() = 0;

  struct Limits {
    size_t records = 500;
    size_t bytes = size_t{1} << 20;        ///< of keys, values and headers; one record may exceed
    std::chrono::milliseconds timeout{0};  ///< how long the first record may wait for company
    int64_t end_offset = std::numeric_limits<int64_t>::max();  ///< no record from there on
  };
  struct Fetched {
    std::optional<Frame> frame;
    /// The partition's end, or Limits::end_offset, was reached: everything below has been handed
    /// out.
    std::optional<int64_t> end_offset;
    /// Retention overtook the position: these offsets are gone, and nothing follows until
    /// Restart(). No frame comes with it.
    std::optional<OffsetRange> lost;
    /// The log went back: what is there from `offset` on is not what was read. Nothing follows
    /// until Restart(). No frame comes with it.
    struct Rewind {
      int64_t offset = 0;
      bool new_topic = false;  ///< the topic was deleted and made again, else its log was cut
    };
    std::optional<Rewind> rewind;
  };
  /// What the partition's queue holds, at most one frame; never blocks. `info` says everything of
  /// the frame but next_offset and earliest_timestamp_ms.
  virtual Fetched Fetch(const BatchInfo& info, const Limits& limits) = 0;
  /// When a record that waits for company (Limits::timeout) is due; nullopt if none waits.
  virtual std::optional<std::chrono::steady_clock::time_point> NextDue() const = 0;

  /// Commits asynchronously; a failure is logged, and TakeCommitFailure() tells of it.
  virtual void Commit(const std::vector<PartitionOffset>& offsets) = 0;
  /// True once after a commit was refused: what it said must be said again.
  virtual bool TakeCommitFailure() = 0;
  /// Commits and waits for the brokers' answer, at most 5 s. False if the group we subscribed in is
  /// being rebalanced, or has lost us, and takes none: Poll(), then ask again for what is left.
  /// Throws Error.
  [[nodiscard]] virtual bool CommitAndWait(const std::vector<PartitionOffset>& offsets) = 0;

  /// Our place in the group that we subscribed in; nullopt while we have none. Asks the client's
  /// own thread: not for every batch.
  virtual std::optional<GroupMember> Member() const { return std::nullopt; }

  /// The brokers' id of the topic, as they said it when Stored() was asked last, or with a Rewind:
  /// it changes when the topic is deleted and made again. Empty if they did not.
  virtual std::string TopicId(const std::string& /*topic*/) const { return {}; }

  /// What becomes of our place in the group. Only a static member can stay: its successor under the
  /// same `instance` has its partitions back at once, and until its session times out nobody else
  /// gets them.
  enum class Membership { kLeave, kStay };
  /// Ends the membership, and nothing is read any more. A consumer that is destroyed without it did
  /// not end as it should: a static member stays.
  virtual void Close(Membership membership) = 0;
};

/// The one that librdkafka is behind. Throws Error(kConfiguration) for a property it does not take.
std::unique_ptr<Consumer> MakeConsumer(const Consumer::Options& options, Log log);

}  // namespace rk
