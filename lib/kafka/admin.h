#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/batch/partition.h"
#include "lib/kafka/cluster.h"
#include "lib/kafka/config.h"

namespace rk {

struct TopicDescription {
  int32_t partitions = 0;
  std::string cluster_id;  ///< empty where the broker has none
};

/// Questions to the brokers that a tool asks at its start, on a connection of their own. Each
/// answers within kTimeout or throws: Error(kUnavailable) naming the last thing that went wrong,
/// Error(kNotAuthorised) as soon as the broker refuses the user. One thread.
class Admin {
 public:
  static constexpr std::chrono::milliseconds kTimeout{6'000};

  /// Throws Error(kConfiguration) for a property librdkafka does not take. `log` gets what the
  /// library says meanwhile as debug lines: what matters is in the error.
  Admin(const ClientSettings& settings, Log log);
  ~Admin();

  /// nullopt if there is no such topic; asking never creates it. Throws Error(kConfiguration) for
  /// a name that no topic can have.
  std::optional<TopicDescription> Describe(const std::string& topic);

  /// The partitions of topics (names, or patterns: IsPattern) in order; of a topic that is not
  /// there none.
  std::vector<TopicPartition> Find(const std::vector<std::string>& topics);
  /// After any other question; empty where the brokers have none.
  std::string ClusterId();

  /// What there is of topics (names, or patterns; of none: all but internal ones) and of a group
  /// (empty: of all). A topic that is not there is left out; so are groups, with a warning to
  /// `log`, that the brokers do not list.
  ClusterDescription DescribeCluster(const std::vector<std::string>& topics,
                                     const std::string& group, const Log& log);

  /// Makes the topic with the broker's default replication and this configuration (e.g.
  /// {"retention.ms", "-1"}), and waits until it is there. Another that made it first is no error.
  void CreateTopic(const std::string& topic, int32_t partitions,
                   const std::vector<Property>& configuration);

  /// The topic's max.message.bytes, nullopt if the broker does not tell us.
  std::optional<int64_t> MaxMessageBytes(const std::string& topic);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rk
