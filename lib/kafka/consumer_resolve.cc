#include <algorithm>
#include <chrono>
#include <map>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/kafka/ask_brokers.h"
#include "lib/kafka/consumer_client.h"

namespace rk {
namespace {

/// The first error that there is for one of the list.
rd_kafka_resp_err_t ErrorIn(const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; i < list.cnt; ++i)
    if (list.elems[i].err) return list.elems[i].err;
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/// A partition that no broker has answered for has no error, but no offset either: with 50 members
/// and 1,000 partitions on a busy broker all of a member's were like that.
rd_kafka_resp_err_t ErrorOf(const rd_kafka_ListOffsetsResultInfo_t* info) {
  const auto* element = rd_kafka_ListOffsetsResultInfo_topic_partition(info);
  if (element->err || element->offset != RD_KAFKA_OFFSET_INVALID) return element->err;
  return RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE;
}

/// Offsets that an open transaction may change are not told: librdkafka asks again by itself until
/// time is up. Nor does a broker answer that is frozen.
bool IsNoAnswerYet(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE ||
         error == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT;
}

std::span<const rd_kafka_ListOffsetsResultInfo_t*> InfosOf(rd_kafka_event_t* event) {
  size_t count = 0;
  const auto* result = rd_kafka_event_ListOffsets_result(event);
  const auto** infos = rd_kafka_ListOffsets_result_infos(result, &count);
  return {infos, count};
}

}  // namespace

std::vector<std::optional<Consumer::StoredOffset>> ConsumerClient::Stored(
    const std::vector<TopicPartition>& partitions) {
  const ListPtr list = AskStored(partitions);
  of_old_topics_.clear();
  std::vector<std::optional<StoredOffset>> offsets;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& element = list->elems[i];
    if (element.offset < 0) {
      offsets.push_back(std::nullopt);
      continue;
    }
    const PartitionOffset stored{{element.topic, element.partition}, element.offset};
    const OffsetOrigin origin = OriginOf(element);
    // Brokers forget what is committed of a topic when it is deleted. But who had read the old one
    // may have committed before it noticed the new one.
    const bool of_old_topic = IsOfOtherTopic(origin, TopicId(element.topic));
    if (of_old_topic) of_old_topics_.push_back(stored.partition);
    const int32_t epoch = rd_kafka_topic_partition_get_leader_epoch(&element);
    if (epoch >= 0 && !of_old_topic) stored_epochs_[stored] = epoch;
    offsets.push_back(
        StoredOffset{of_old_topic ? 0 : stored.offset, origin.time_ms >= started_ms_});
  }
  return offsets;
}

ListPtr ConsumerClient::AskStored(const std::vector<TopicPartition>& partitions) {
  constexpr std::chrono::seconds kTry{3};
  const auto deadline = std::chrono::steady_clock::now() + kMembersPatience;
  ListPtr list;
  const auto ask = [&](std::chrono::milliseconds left) {
    list = ToList(partitions);
    const auto whole =
        rd_kafka_committed(handle_.get(), list.get(), static_cast<int>(left.count()));
    return whole ? whole : ErrorIn(*list);
  };
  auto error = AskUntilAnswered(kTry, ask);
  for (bool told = false; IsNoAnswerYet(error) && std::chrono::steady_clock::now() < deadline;
       error = AskUntilAnswered(kTry, ask)) {
    if (!std::exchange(told, true)) {
      log_(LogLevel::kInfo,
           fmt::format("group {}: waiting for its stored offsets: no answer yet, or "
                       "an open transaction may change them",
                       group_));
    }
  }
  if (error) ThrowKafka(error, fmt::format("group {}: its stored offsets", group_));
  for (auto& [topic, id] : FindTopicIds(handle_.get(), partitions, kMembersPatience))
    topic_ids_[topic] = id;
  return list;
}

void ConsumerClient::WarnOfOldTopics() const {
  std::map<std::string, size_t> topics;
  for (const auto& partition : of_old_topics_) ++topics[partition.topic];
  for (const auto& [topic, count] : topics)
    log_(LogLevel::kWarning,
         fmt::format("topic {} was deleted and created again after group {} stored its offsets; "
                     "reading it from its beginning partitions={}",
                     topic, group_, count));
}

std::vector<int64_t> ConsumerClient::List(const std::vector<TopicPartition>& partitions,
                                          int64_t spec) {
  const ListPtr list = ToList(partitions);
  for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = spec;
  const std::string what = fmt::format("topic {}: its offsets", partitions.front().topic);
  const EventPtr event =
      AskBrokers(handle_.get(),
                 {RD_KAFKA_ADMIN_OP_LISTOFFSETS, what,
                  [&](const auto* options, auto* answers) {
                    rd_kafka_ListOffsets(handle_.get(), list.get(), options, answers);
                  },
                  [&](auto* answer) {
                    const auto infos = InfosOf(answer);
                    const auto bad = std::ranges::find_if(infos, ErrorOf);
                    return bad == infos.end() ? RD_KAFKA_RESP_ERR_NO_ERROR : ErrorOf(*bad);
                  }},
                 listener_ != nullptr ? kMembersPatience : kAnswerTimeout);
  std::map<TopicPartition, int64_t> found;  // the answer comes in its own order
  for (const auto* info : InfosOf(event.get())) {
    const auto* element = rd_kafka_ListOffsetsResultInfo_topic_partition(info);
    if (const auto error = ErrorOf(info)) ThrowKafka(error, what);
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
  WarnOfOldTopics();
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
  for (const auto& offset : stored) offsets.push_back(offset ? offset->offset : begin[next++]);
  return offsets;
}

}  // namespace rk
