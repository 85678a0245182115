#pragma once

// Inside lib/kafka only: what consumer.cc, consumer_fetch.cc and consumer_resolve.cc share.

#include <deque>
#include <map>

#include "lib/base/event_fd.h"
#include "lib/kafka/consumer.h"
#include "lib/kafka/handle.h"

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
};

class Consumer::Impl {
 public:
  Impl(const Options& options, Log log);

  /// Gives the partition its own queue. Before the client begins to fetch it from `offset` on.
  void Open(const TopicPartition& partition, int64_t offset);
  void Restart(const PartitionOffset& start);
  Fetched Fetch(const BatchInfo& info, const Limits& limits);
  std::vector<int64_t> Resolve(const std::vector<TopicPartition>& partitions,
                               const StartOffset& start);
  void Poll();

  std::string group_;
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

 private:
  void OnEvent(rd_kafka_event_t* event);
  void OnError(rd_kafka_event_t* event);
  void OnRebalance(rd_kafka_event_t* event);
  void OnAssigned(rd_kafka_topic_partition_list_t* list);
  void OnRevoked(rd_kafka_topic_partition_list_t* list);
  void Pull(PartitionQueue& queue, const Limits& limits);
  Frame Build(PartitionQueue& queue, const BatchInfo& info, size_t count);
  void TakeMark(const TopicPartition& partition, const BatchInfo& info, const Limits& limits,
                Fetched& fetched);
  OffsetRange FindLoss(const TopicPartition& partition, int64_t position);
  std::vector<int64_t> Stored(const std::vector<TopicPartition>& partitions);
  std::vector<int64_t> List(const std::vector<TopicPartition>& partitions, int64_t spec);
};

/// Our partitions as librdkafka's list type.
ListPtr ToList(const std::vector<TopicPartition>& partitions);
ListPtr ToList(const std::vector<PartitionOffset>& offsets);

/// Throws the Error of the kind that `error` is: "<what>: <reason>", librdkafka's own words for the
/// error if there is no reason.
[[noreturn]] void ThrowKafka(rd_kafka_resp_err_t error, const std::string& what,
                             const char* reason = nullptr);

}  // namespace rk
