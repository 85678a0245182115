#include "lib/kafka/offset_origin.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>
#include <span>

#include <fmt/format.h>

#include "lib/base/clock.h"
#include "lib/kafka/ask_brokers.h"

namespace rk {
namespace {

using MetadataPtr = Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;
using CollectionPtr = Owned<rd_kafka_TopicCollection_t, rd_kafka_TopicCollection_destroy>;

constexpr std::string_view kTime = "rk-read time=";
constexpr std::string_view kTopicId = " topic-id=";

/// Empty where there is none.
std::string IdOf(const rd_kafka_TopicDescription_t* topic) {
  const rd_kafka_Uuid_t* id = rd_kafka_TopicDescription_topic_id(topic);
  if (id == nullptr) return {};
  const auto high = static_cast<uint64_t>(rd_kafka_Uuid_most_significant_bits(id));
  const auto low = static_cast<uint64_t>(rd_kafka_Uuid_least_significant_bits(id));
  if (high == 0 && low == 0) return {};
  return fmt::format("{:016x}{:016x}", high, low);
}

/// Who is asked: librdkafka would wait for the controller, and its mock cluster names one that is
/// not there. nullopt if no broker is known.
std::optional<int32_t> BrokerToAsk(rd_kafka_t* handle) {
  const rd_kafka_metadata_t* answer = nullptr;
  constexpr rd_kafka_topic_t* kNoTopic = nullptr;
  if (rd_kafka_metadata(handle, 0, kNoTopic, &answer, int{kAnswerTimeout.count()}))
    return std::nullopt;
  const MetadataPtr owner(answer);
  const int32_t controller = rd_kafka_controllerid(handle, 0);
  const std::span brokers(answer->brokers, static_cast<size_t>(answer->broker_cnt));
  if (std::ranges::find(brokers, controller, &rd_kafka_metadata_broker_t::id) != brokers.end())
    return controller;
  return brokers.empty() ? std::nullopt : std::optional(brokers.front().id);
}

}  // namespace

std::map<std::string, std::string> FindTopicIds(rd_kafka_t* handle,
                                                const std::vector<TopicPartition>& partitions,
                                                std::chrono::milliseconds timeout) {
  std::set<std::string> topics;
  for (const TopicPartition& partition : partitions) topics.insert(partition.topic);
  std::vector<const char*> names;
  for (const std::string& topic : topics) names.push_back(topic.c_str());
  const CollectionPtr collection(
      rd_kafka_TopicCollection_of_topic_names(names.data(), names.size()));
  const auto broker = BrokerToAsk(handle);
  const EventPtr event =
      AskBrokers(handle,
                 {RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, "cannot ask for the ids of topics",
                  [&](auto* options, auto* answers) {
                    char reason[256];
                    if (broker)
                      rd_kafka_AdminOptions_set_broker(options, *broker, reason, sizeof reason);
                    rd_kafka_DescribeTopics(handle, collection.get(), options, answers);
                  }},
                 timeout);
  size_t count = 0;
  const auto* found = rd_kafka_DescribeTopics_result_topics(
      rd_kafka_event_DescribeTopics_result(event.get()), &count);
  std::map<std::string, std::string> ids;
  for (const auto* topic : std::span(found, count)) {
    if (std::string id = IdOf(topic); !id.empty())
      ids[rd_kafka_TopicDescription_name(topic)] = std::move(id);
  }
  return ids;
}

bool IsOfOtherTopic(const OffsetOrigin& origin, std::string_view topic_id) {
  return !origin.topic_id.empty() && !topic_id.empty() && origin.topic_id != topic_id;
}

std::string NoteOf(const OffsetOrigin& origin) {
  return fmt::format("{}{}{}{}", kTime, origin.time_ms, kTopicId, origin.topic_id);
}

std::optional<OffsetOrigin> ParseNote(std::string_view note) {
  if (!note.starts_with(kTime)) return std::nullopt;
  note.remove_prefix(kTime.size());
  OffsetOrigin origin;
  const auto time = std::from_chars(note.data(), note.data() + note.size(), origin.time_ms);
  if (time.ec != std::errc()) return std::nullopt;
  note.remove_prefix(static_cast<size_t>(time.ptr - note.data()));
  if (!note.starts_with(kTopicId)) return std::nullopt;
  origin.topic_id = note.substr(kTopicId.size());
  return origin;
}

void AddNote(const std::string& topic_id, rd_kafka_topic_partition_t& element) {
  const std::string note = NoteOf({topic_id, Nanoseconds(CLOCK_REALTIME) / 1'000'000});
  element.metadata = strdup(note.c_str());  // librdkafka frees it
  element.metadata_size = note.size();
}

OffsetOrigin OriginOf(const rd_kafka_topic_partition_t& element) {
  if (element.metadata == nullptr) return {};
  return ParseNote({static_cast<const char*>(element.metadata), element.metadata_size})
      .value_or(OffsetOrigin{});
}

}  // namespace rk
