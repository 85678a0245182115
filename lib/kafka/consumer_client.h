#pragma once

// Inside lib/kafka only: what consumer_client.cc, consumer_fetch.cc and consumer_resolve.cc share.

#include <deque>
#include <map>
#include <utility>

#include "lib/base/event_fd.h"
#include "lib/kafka/consumer.h"
#include "lib/kafka/handle.h"
#include "lib/kafka/offset_origin.h"

namespace rk {

using MessagePtr = Owned<rd_kafka_message_t, rd_kafka_message_destroy>;

/// What waits of one partition between its librdkafka queue and the next frame.
struct PartitionQueue {
  QueuePtr queue;
  std::deque<MessagePtr> pending;  ///< records and end-of-partition marks, in order
  size_t pending_bytes = 0;
  size_t pending_records = 0;
  int64_t next_offset = 0;                       ///< lower ones have been pending, or are not read
  std::chrono::steady_clock::time_point oldest;  ///< when pending stopped being empty
  /// Offset of the first record that was read of each leader epoch → that epoch.
  std::map<int64_t, int32_t> leader_epochs;
  std::string topic_id;  ///< of the topic that is read; empty if nobody has said
};

/// Consumer by librdkafka.
class ConsumerClient final : public Consumer {
 public:
  ConsumerClient(const Options& options, Log log);
  ~ConsumerClient() override;
  ConsumerClient(const ConsumerClient&) = delete;
  ConsumerClient& operator=(const ConsumerClient&) = delete;

  void Subscribe(const std::vector<std::string>& topics, Listener& listener) override;
  void Assign(const std::vector<PartitionOffset>& starts) override;
  void Restart(const PartitionOffset& start) override;
  std::optional<std::vector<TopicPartition>> TryFind(
      const std::vector<std::string>& topics) const override;
  std::chrono::milliseconds refresh_interval() const override { return refresh_; }
  std::chrono::milliseconds join_limit() const override { return join_limit_; }
  std::optional<int64_t> CachedEnd(const TopicPartition& partition) const override;
  std::vector<int64_t> Resolve(const std::vector<TopicPartition>& partitions,
                               const StartOffset& start) override;
  std::vector<std::optional<StoredOffset>> Stored(
      const std::vector<TopicPartition>& partitions) override;
  void Poll() override;
  int event_fd() const override { return events_.fd(); }
  void ClearEvents() override { events_.Clear(); }
  Fetched Fetch(const BatchInfo& info, const Limits& limits) override;
  std::optional<std::chrono::steady_clock::time_point> NextDue() const override;
  void Commit(const std::vector<PartitionOffset>& offsets) override;
  bool TakeCommitFailure() override { return std::exchange(commit_failed_, false); }
  bool CommitAndWait(const std::vector<PartitionOffset>& offsets) override;
  std::optional<GroupMember> Member() const override;
  std::string TopicId(const std::string& topic) const override;
  void Close(Membership membership) override;

 private:
  /// Gives the partition its own queue. Before the client begins to fetch it from `offset` on.
  void Open(const PartitionOffset& start);
  void OnEvent(rd_kafka_event_t* event);
  void OnError(rd_kafka_event_t* event);
  [[noreturn]] void ThrowFenced() const;
  void OnRebalance(rd_kafka_event_t* event);
  void OnAssigned(rd_kafka_topic_partition_list_t* list);
  void OnRevoked(rd_kafka_topic_partition_list_t* list);
  void Pull(PartitionQueue& queue, const Limits& limits);
  void TakeMark(const TopicPartition& partition, const BatchInfo& info, const Limits& limits,
                Fetched& fetched);
  void TakeReset(const TopicPartition& partition, int64_t position, Fetched& fetched);
  ListPtr WithOrigins(const std::vector<PartitionOffset>& offsets);
  ListPtr AskStored(const std::vector<TopicPartition>& partitions);
  void WarnOfOldTopics() const;
  std::vector<int64_t> List(const std::vector<TopicPartition>& partitions, int64_t spec);

  std::string group_;
  int64_t started_ms_;
  std::string instance_;         ///< of a static member of the group; else empty
  StartOffset reset_;            ///< where a group without a stored offset begins
  bool reset_is_error_ = false;  ///< … or that it must not
  Log log_;
  std::chrono::milliseconds refresh_;
  std::chrono::milliseconds join_limit_;
  EventFd events_;
  Listener* listener_ = nullptr;
  bool commit_failed_ = false;
  std::chrono::milliseconds batch_timeout_{0};
  HandlePtr handle_;  ///< after what it writes to, before what refers to it
  QueuePtr consumer_queue_;
  std::map<TopicPartition, PartitionQueue> queues_;
  /// Leader epochs of the stored offsets that the group told of last.
  std::map<PartitionOffset, int32_t> stored_epochs_;
  /// Of those that Stored() was last asked for.
  std::vector<TopicPartition> of_old_topics_;
  /// By name, what the brokers said last. Asked for where offsets are stored.
  std::map<std::string, std::string> topic_ids_;
};

/// Our partitions as librdkafka's list type.
ListPtr ToList(const std::vector<TopicPartition>& partitions);
ListPtr ToList(const std::vector<PartitionOffset>& offsets);

/// Throws the Error of the kind that `error` is: "<what>: <reason>", librdkafka's own words for the
/// error if there is no reason.
[[noreturn]] void ThrowKafka(rd_kafka_resp_err_t error, const std::string& what,
                             const char* reason = nullptr);

}  // namespace rk
