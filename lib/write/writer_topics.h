#pragma once

#include <string>

#include "lib/base/log.h"
#include "lib/kafka/producer.h"

namespace rk {

/// Whether a missing dead-letter topic is made at the start, or not before the first dead letter.
enum class DeadLetterTopic { kAtStart, kWhenNeeded };

/// Asks the brokers about the topics that a writer writes to, and makes the dead-letter topic, with
/// as many partitions as the output has and for values as large as frames can bring, if it is
/// missing; kWhenNeeded: asks nothing about it, and has the Producer do that. Any thread. Errors
/// come within 10 s: Error(kMissing) if there is no output topic, saying how to make it, or not the
/// partition that is asked for; Error(kUnavailable), Error(kNotAuthorised); Error(kConfiguration)
/// for settings that a Producer would refuse, before anything is asked.
Producer::Options PrepareTopics(const ClientSettings& client, const std::string& output,
                                const std::string& dead_letters, const Placement& placement,
                                DeadLetterTopic when, const Log& log);

/// Asks the same and makes nothing; throws the same.
void CheckTopics(const ClientSettings& client, const std::string& output,
                 const std::string& dead_letters, const Placement& placement, DeadLetterTopic when,
                 const Log& log);

}  // namespace rk
