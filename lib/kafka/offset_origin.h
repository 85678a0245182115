#pragma once

// Inside lib/kafka only.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "lib/batch/partition.h"

namespace rk {

/// The brokers' id of each topic of `partitions`: another one when a topic is deleted and made
/// again under the same name. Left out are topics that are not there, and those of brokers that
/// have no ids (before Kafka 2.8). Throws Error where nobody answers in time.
std::map<std::string, std::string> FindTopicIds(rd_kafka_t* handle,
                                                const std::vector<TopicPartition>& partitions,
                                                std::chrono::milliseconds timeout);

/// What the metadata of a committed offset says: of which topic it is, and since when it is stored.
struct OffsetOrigin {
  std::string topic_id;  ///< empty if nobody has said
  int64_t time_ms = 0;   ///< since 1970
  bool operator==(const OffsetOrigin&) const = default;
};

/// True if it is known to be of another topic than the one with that id; empty: it is not known.
bool IsOfOtherTopic(const OffsetOrigin& origin, std::string_view topic_id);

std::string NoteOf(const OffsetOrigin& origin);
/// nullopt where somebody else wrote the metadata.
std::optional<OffsetOrigin> ParseNote(std::string_view note);

/// Says of an offset that is about to be committed that it is of the topic with that id, and now.
void AddNote(const std::string& topic_id, rd_kafka_topic_partition_t& element);
/// Of a committed offset; nothing is known where somebody else has stored it.
OffsetOrigin OriginOf(const rd_kafka_topic_partition_t& element);

}  // namespace rk
