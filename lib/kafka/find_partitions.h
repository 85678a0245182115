#pragma once

// Inside lib/kafka only.

#include <optional>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "lib/batch/partition.h"

namespace rk {

/// The partitions of `topics` (names, or patterns: IsPattern), in order; of a topic that is not
/// there none. nullopt if the brokers do not say within the time-out, or are about to make one of
/// the topics. Throws Error(kNotAuthorised), …, Error(kConfiguration) for a name that no topic can
/// have.
std::optional<std::vector<TopicPartition>> FindPartitions(rd_kafka_t* handle,
                                                          const std::vector<std::string>& topics,
                                                          int timeout_ms);

}  // namespace rk
