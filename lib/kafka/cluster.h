#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/batch/partition.h"

namespace rk {

struct BrokerDescription {
  int32_t id = 0;
  std::string address;  ///< HOST:PORT
};

struct PartitionDescription {
  TopicPartition partition;
  int32_t leader = -1;  ///< -1: none now
  std::vector<int32_t> replicas;
  std::vector<int32_t> in_sync;
  std::optional<int64_t> low;   ///< the oldest offset that is there; nullopt: nobody says
  std::optional<int64_t> high;  ///< where the next record goes
};

struct GroupDescription {
  std::string name;
  std::string state;                       ///< Stable, Empty, …; empty: nobody says
  std::vector<PartitionOffset> committed;  ///< by partition
};

/// What the brokers have. All lists are in order.
struct ClusterDescription {
  std::string id;           ///< empty where they have none
  int32_t controller = -1;  ///< -1: nobody says
  std::vector<BrokerDescription> brokers;
  std::vector<PartitionDescription> partitions;
  std::vector<GroupDescription> groups;
};

}  // namespace rk
