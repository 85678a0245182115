#include <algorithm>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/kafka/ask_brokers.h"
#include "lib/kafka/consumer_client.h"

namespace rk {
namespace {

bool IsRecord(const rd_kafka_message_t& message) {
  return message.err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool IsEnd(const rd_kafka_message_t& message) {
  return message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
}

TimestampType TypeOf(rd_kafka_timestamp_type_t type) {
  switch (type) {
    case RD_KAFKA_TIMESTAMP_CREATE_TIME:
      return TimestampType::kCreateTime;
    case RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME:
      return TimestampType::kLogAppendTime;
    default:
      return TimestampType::kNone;
  }
}

std::optional<std::string_view> Bytes(const void* bytes, size_t size) {
  if (bytes == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(bytes), size);
}

void EncodeHeaders(rd_kafka_message_t* message, std::string* encoded) {
  encoded->clear();
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    AppendHeader(*encoded, {name, Bytes(value, size)});
  }
}

/// The first `count` of the queue as a frame; they leave it.
Frame Build(PartitionQueue& queue, const BatchInfo& info, size_t count) {
  BatchInfo batch = info;
  size_t bytes = 0;
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_message_t& message = *queue.pending[i];
    const int64_t timestamp = rd_kafka_message_timestamp(&message, nullptr);
    if (timestamp >= 0 &&
        (batch.earliest_timestamp_ms < 0 || timestamp < batch.earliest_timestamp_ms))
      batch.earliest_timestamp_ms = timestamp;
    bytes += message.len + message.key_len;
  }
  batch.next_offset = queue.pending[count - 1]->offset + 1;
  FrameBuilder builder(batch, count, bytes);
  std::string headers;
  for (size_t i = 0; i < count; ++i) {
    rd_kafka_message_t* message = queue.pending.front().get();
    EncodeHeaders(message, &headers);
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    RecordView record;
    record.offset = message->offset;
    record.timestamp_ms = rd_kafka_message_timestamp(message, &type);
    record.timestamp_type = TypeOf(type);
    record.key = Bytes(message->key, message->key_len);
    record.value = Bytes(message->payload, message->len);
    record.headers = headers;
    builder.Add(record);
    queue.pending_bytes -= message->len + message->key_len;
    queue.pending.pop_front();
  }
  queue.pending_records -= count;
  queue.oldest = std::chrono::steady_clock::now();
  return builder.Finish();
}

}  // namespace

Consumer::Fetched ConsumerClient::Fetch(const BatchInfo& info, const Limits& limits) {
  const TopicPartition partition{std::string(info.topic), info.partition};
  const auto found = queues_.find(partition);
  if (found == queues_.end()) return {};
  PartitionQueue& queue = found->second;
  batch_timeout_ = limits.timeout;
  Pull(queue, limits);

  size_t count = 0;  // records of the next frame
  size_t bytes = 0;
  bool cut = false;  // no later record may join
  for (const MessagePtr& message : queue.pending) {
    const size_t size = message->len + message->key_len;
    if (!IsRecord(*message) || message->offset >= limits.end_offset || count == limits.records ||
        (count > 0 && bytes + size > limits.bytes)) {
      cut = true;
      break;
    }
    bytes += size;
    ++count;
  }
  Fetched fetched;
  const bool due = cut || count == limits.records ||
                   std::chrono::steady_clock::now() >= queue.oldest + limits.timeout;
  if (count > 0 && due) fetched.frame = Build(queue, info, count);
  if (!fetched.frame && count > 0) return fetched;
  TakeMark(partition, info, limits, fetched);
  return fetched;
}

// What stands in the queue where the next record would: an end, or an error.
void ConsumerClient::TakeMark(const TopicPartition& partition, const BatchInfo& info,
                              const Limits& limits, Fetched& fetched) {
  auto& pending = queues_.at(partition).pending;
  if (pending.empty()) return;
  const rd_kafka_message_t& mark = *pending.front();
  if (IsRecord(mark)) {
    if (mark.offset >= limits.end_offset) fetched.end_offset = limits.end_offset;
    return;
  }
  if (IsEnd(mark)) {
    fetched.end_offset = std::min<int64_t>(mark.offset, limits.end_offset);
  } else if (fetched.frame) {
    return;  // first what came before it
  } else if (mark.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
    return TakeReset(partition, info.first_offset, fetched);
  } else {
    ThrowKafka(mark.err, fmt::format("topic {} partition {}", partition.topic, partition.partition),
               rd_kafka_message_errstr(&mark));
  }
  pending.pop_front();
}

// One by one: when librdkafka 2.12 hands out many in one call it counts the end of the partition as
// a record that was read, and goes on one too far after a cooperative rebalance.
void ConsumerClient::Pull(PartitionQueue& queue, const Limits& limits) {
  while (queue.pending_records < limits.records && queue.pending_bytes < limits.bytes) {
    MessagePtr message(rd_kafka_consume_queue(queue.queue.get(), 0));
    if (!message) return;
    if (queue.pending.empty()) queue.oldest = std::chrono::steady_clock::now();
    if (IsRecord(*message)) {
      // A rebalance may begin between librdkafka's handing out a record and its noting so.
      if (message->offset < queue.next_offset) continue;
      queue.next_offset = message->offset + 1;
      const int32_t leader_epoch = rd_kafka_message_leader_epoch(message.get());
      if (queue.leader_epochs.empty() || queue.leader_epochs.rbegin()->second != leader_epoch)
        queue.leader_epochs.emplace_hint(queue.leader_epochs.end(), message->offset, leader_epoch);
      // An end that a record follows is no end any more; a waiting batch is not cut short by it.
      const bool after_end = !queue.pending.empty() && IsEnd(*queue.pending.back());
      if (after_end && limits.timeout.count() > 0) queue.pending.pop_back();
      queue.pending_bytes += message->len + message->key_len;
      ++queue.pending_records;
    }
    queue.pending.push_back(std::move(message));
  }
}

// Why librdkafka reset the position, and where to go on. Of a log that was cut our librdkafka says
// where, at an offset before the position; of a topic that was made again, the beginning. A reset
// of an earlier position than this may come late: then fetching goes on where it is.
void ConsumerClient::TakeReset(const TopicPartition& partition, int64_t position,
                               Fetched& fetched) {
  PartitionQueue& queue = queues_.at(partition);
  const int64_t mark = queue.pending.front()->offset;
  queue.pending.pop_front();
  if (mark == RD_KAFKA_OFFSET_BEGINNING) {
    if (!group_.empty())
      for (auto& [topic, id] : FindTopicIds(handle_.get(), {partition}, kMembersPatience))
        topic_ids_[topic] = id;
    fetched.rewind = {0, true};  // the brokers may not know yet who leads the new partition
    return;
  }
  if (mark > 0 && mark < position) {
    fetched.rewind = {mark, false};
    return;
  }
  const int64_t low = List({partition}, RD_KAFKA_OFFSET_SPEC_EARLIEST).front();
  const int64_t end = List({partition}, RD_KAFKA_OFFSET_SPEC_LATEST).front();
  if (low > position) {
    fetched.lost = {position, low};
  } else if (mark == 0 && position > 0) {
    fetched.rewind = {low, false};  // nothing of what we read is left
  } else if (end < position) {
    fetched.rewind = {end, false};
  } else {
    Restart({partition, position});
  }
}

std::optional<std::chrono::steady_clock::time_point> ConsumerClient::NextDue() const {
  std::optional<std::chrono::steady_clock::time_point> due;
  for (const auto& [partition, queue] : queues_) {
    if (queue.pending_records == 0) continue;
    const auto at = queue.oldest + batch_timeout_;
    if (!due || at < *due) due = at;
  }
  return due;
}

}  // namespace rk
