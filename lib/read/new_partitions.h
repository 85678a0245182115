#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "lib/batch/partition.h"
#include "lib/kafka/consumer.h"

namespace rk {

/// Looks for partitions that are added to the topics of a reader of all of them without a group. (A
/// group's members hear of new ones from librdkafka.) For the thread that reads Kafka alone.
class NewPartitions {
 public:
  using Clock = std::chrono::steady_clock;

  /// `known` are there already.
  NewPartitions(std::vector<std::string> topics, const std::vector<TopicPartition>& known)
      : topics_(std::move(topics)), known_(known.begin(), known.end()) {}

  /// Those that are there since the last call; asks the brokers, but not more often than
  /// consumer.refresh_interval(). What has been found stays known: a topic that goes is an error of
  /// its own.
  std::vector<TopicPartition> Look(const Consumer& consumer, Clock::time_point now);

 private:
  std::vector<std::string> topics_;
  std::set<TopicPartition> known_;
  Clock::time_point next_look_{};  ///< zero: not asked yet
};

}  // namespace rk
