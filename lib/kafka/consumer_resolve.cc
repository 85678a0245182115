#include <algorithm>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/kafka/consumer_client.h"

namespace rk {
namespace {

constexpr int kAnswerTimeoutMs = 8000;

}  // namespace

std::vector<std::optional<int64_t>> ConsumerClient::Stored(
    const std::vector<TopicPartition>& partitions) {
  const ListPtr list = ToList(partitions);
  const auto error = rd_kafka_committed(handle_.get(), list.get(), kAnswerTimeoutMs);
  if (error) ThrowKafka(error, fmt::format("group {}: its stored offsets", group_));
  std::vector<std::optional<int64_t>> offsets;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& element = list->elems[i];
    if (element.err) ThrowKafka(element.err, fmt::format("group {}: its stored offsets", group_));
    offsets.push_back(element.offset < 0 ? std::nullopt : std::optional(element.offset));
    const int32_t epoch = rd_kafka_topic_partition_get_leader_epoch(&element);
    if (epoch >= 0) stored_epochs_[{{element.topic, element.partition}, element.offset}] = epoch;
  }
  return offsets;
}

std::vector<int64_t> ConsumerClient::List(const std::vector<TopicPartition>& partitions,
                                          int64_t spec) {
  const ListPtr list = ToList(partitions);
  for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = spec;
  const AdminOptionsPtr options(
      rd_kafka_AdminOptions_new(handle_.get(), RD_KAFKA_ADMIN_OP_LISTOFFSETS));
  char text[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kAnswerTimeoutMs, text, sizeof text);
  const QueuePtr answers(rd_kafka_queue_new(handle_.get()));
  rd_kafka_ListOffsets(handle_.get(), list.get(), options.get(), answers.get());
  const EventPtr event(rd_kafka_queue_poll(answers.get(), kAnswerTimeoutMs + 1000));
  const std::string what = fmt::format("topic {}: its offsets", partitions.front().topic);
  if (!event) ThrowKafka(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
  if (rd_kafka_event_error(event.get())) {
    ThrowKafka(rd_kafka_event_error(event.get()), what, rd_kafka_event_error_string(event.get()));
  }
  size_t count = 0;
  const auto* result = rd_kafka_event_ListOffsets_result(event.get());
  const auto* infos = rd_kafka_ListOffsets_result_infos(result, &count);
  std::map<TopicPartition, int64_t> found;  // the answer comes in its own order
  for (size_t i = 0; i < count; ++i) {
    const auto* element = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
    if (element->err) ThrowKafka(element->err, what);
    found[{element->topic, element->partition}] = element->offset;
  }
  std::vector<int64_t> offsets;
  for (const auto& partition : partitions) offsets.push_back(found.at(partition));
  return offsets;
}

std::vector<int64_t> ConsumerClient::Resolve(const std::vector<TopicPartition>& partitions,
                                             const StartOffset& start) {
  using Kind = StartOffset::Kind;
  if (partitions.empty()) return {};
  switch (start.kind) {
    case Kind::kAbsolute:
      return std::vector<int64_t>(partitions.size(), start.value);
    case Kind::kBeginning:
      return List(partitions, RD_KAFKA_OFFSET_SPEC_EARLIEST);
    case Kind::kEnd:
      return List(partitions, RD_KAFKA_OFFSET_SPEC_LATEST);
    case Kind::kTail: {
      auto offsets = List(partitions, RD_KAFKA_OFFSET_SPEC_LATEST);
      const auto low = List(partitions, RD_KAFKA_OFFSET_SPEC_EARLIEST);
      for (size_t i = 0; i < offsets.size(); ++i)
        offsets[i] = std::max(low[i], offsets[i] - start.value);
      return offsets;
    }
    case Kind::kTimestamp: {
      auto offsets = List(partitions, start.value);
      if (std::ranges::count(offsets, -1) > 0) {  // no record that late: what comes from now on
        const auto high = List(partitions, RD_KAFKA_OFFSET_SPEC_LATEST);
        for (size_t i = 0; i < offsets.size(); ++i)
          if (offsets[i] < 0) offsets[i] = high[i];
      }
      return offsets;
    }
    case Kind::kStored:
      break;
  }
  const auto stored = Stored(partitions);
  std::vector<TopicPartition> fresh;
  for (size_t i = 0; i < stored.size(); ++i)
    if (!stored[i]) fresh.push_back(partitions[i]);
  if (!fresh.empty() && reset_is_error_) {
    throw Error(ErrorKind::kBadData,
                fmt::format("group {} has no stored offset in topic {} partition {} and "
                            "auto.offset.reset is error; say where to begin with -o",
                            group_, fresh.front().topic, fresh.front().partition));
  }
  const auto begin = Resolve(fresh, reset_);
  std::vector<int64_t> offsets;
  size_t next = 0;
  for (const auto& offset : stored) offsets.push_back(offset ? *offset : begin[next++]);
  return offsets;
}

}  // namespace rk
