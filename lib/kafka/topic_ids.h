#pragma once

// Inside lib/kafka only.

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
/// have no ids (before Kafka 2.8). Throws Error where nobody answers.
std::map<std::string, std::string> FindTopicIds(rd_kafka_t* handle,
                                                const std::vector<TopicPartition>& partitions);

/// The metadata of an offset that is committed of the topic with this id.
std::string NoteOfTopicId(std::string_view id);

/// The id in such metadata; nullopt where somebody else wrote it.
std::optional<std::string_view> TopicIdInNote(std::string_view note);

}  // namespace rk
