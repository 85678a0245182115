#include "lib/read/listing.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"
#include "lib/kafka/admin.h"
#include "lib/kafka/topics.h"
#include "lib/observe/json_string.h"

namespace rk {
namespace {

using Partitions = std::span<const PartitionDescription>;
using Ends = std::map<TopicPartition, int64_t>;

/// The partitions of each topic, which are in order.
std::vector<Partitions> ByTopic(Partitions all) {
  std::vector<Partitions> topics;
  for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    while (end < all.size() && all[end].partition.topic == all[begin].partition.topic) ++end;
    topics.push_back(all.subspan(begin, end - begin));
  }
  return topics;
}

Ends EndsOf(const ClusterDescription& cluster) {
  Ends ends;
  for (const PartitionDescription& one : cluster.partitions)
    if (one.high) ends[one.partition] = *one.high;
  return ends;
}

/// None where nobody says the partition's end.
std::optional<int64_t> LagOf(const PartitionOffset& committed, const Ends& ends) {
  const auto end = ends.find(committed.partition);
  if (end == ends.end()) return std::nullopt;
  return std::max<int64_t>(end->second - committed.offset, 0);
}

std::string Number(std::optional<int64_t> number, const char* none) {
  return number ? fmt::to_string(*number) : none;
}

int64_t TotalLag(const GroupDescription& group, const Ends& ends) {
  int64_t total = 0;
  for (const PartitionOffset& one : group.committed) total += LagOf(one, ends).value_or(0);
  return total;
}

std::string Ids(const std::vector<int32_t>& ids) {
  std::vector<std::string> objects;
  for (const int32_t id : ids) objects.push_back(fmt::format("{{\"id\":{}}}", id));
  return fmt::format("[{}]", fmt::join(objects, ","));
}

std::string PartitionJson(const PartitionDescription& one) {
  return fmt::format(R"({{"partition":{},"leader":{},"replicas":{},"isrs":{},"low":{},"high":{}}})",
                     one.partition.partition, one.leader, Ids(one.replicas), Ids(one.in_sync),
                     Number(one.low, "null"), Number(one.high, "null"));
}

std::string CommittedJson(const PartitionOffset& one, const Ends& ends) {
  return fmt::format(R"({{"topic":{},"partition":{},"committed":{},"lag":{}}})",
                     JsonString(one.partition.topic), one.partition.partition, one.offset,
                     Number(LagOf(one, ends), "null"));
}

std::string GroupJson(const GroupDescription& group, const Ends& ends) {
  std::vector<std::string> partitions;
  for (const PartitionOffset& one : group.committed) partitions.push_back(CommittedJson(one, ends));
  return fmt::format(R"({{"group":{},"state":{},"lag":{},"partitions":[{}]}})",
                     JsonString(group.name), JsonString(group.state), TotalLag(group, ends),
                     fmt::join(partitions, ","));
}

std::string TopicJson(Partitions topic) {
  std::vector<std::string> partitions;
  for (const PartitionDescription& one : topic) partitions.push_back(PartitionJson(one));
  return fmt::format(R"({{"topic":{},"partitions":[{}]}})",
                     JsonString(topic.front().partition.topic), fmt::join(partitions, ","));
}

void CheckNamed(const std::vector<std::string>& topics, const ClusterDescription& cluster) {
  for (const std::string& topic : topics) {
    if (IsPattern(topic)) continue;
    const bool there = std::ranges::any_of(
        cluster.partitions, [&](const auto& one) { return one.partition.topic == topic; });
    if (!there)
      throw Error(ErrorKind::kMissing,
                  fmt::format("topic {} does not exist: is the name right?", topic));
  }
}

void CheckGroup(const std::string& group, const ClusterDescription& cluster) {
  if (group.empty()) return;
  const GroupDescription& one = cluster.groups.front();
  if (one.state.empty() && one.committed.empty())
    throw Error(ErrorKind::kMissing,
                fmt::format("group {} does not exist: is the name right?", group));
}

}  // namespace

std::string ListingText(const ClusterDescription& cluster) {
  std::string text = fmt::format("cluster {}:\n {} brokers:\n", cluster.id, cluster.brokers.size());
  for (const BrokerDescription& broker : cluster.brokers)
    text += fmt::format("  broker {} at {}{}\n", broker.id, broker.address,
                        broker.id == cluster.controller ? " (controller)" : "");
  const std::vector<Partitions> topics = ByTopic(cluster.partitions);
  text += fmt::format(" {} topics:\n", topics.size());
  for (const Partitions& topic : topics) {
    text += fmt::format("  topic \"{}\" with {} partitions:\n", topic.front().partition.topic,
                        topic.size());
    for (const PartitionDescription& one : topic)
      text +=
          fmt::format("    partition {}, leader {}, replicas: {}, isrs: {}, offsets: {} to {}\n",
                      one.partition.partition, one.leader, fmt::join(one.replicas, ","),
                      fmt::join(one.in_sync, ","), Number(one.low, "?"), Number(one.high, "?"));
  }
  const Ends ends = EndsOf(cluster);
  text += fmt::format(" {} groups:\n", cluster.groups.size());
  for (const GroupDescription& group : cluster.groups) {
    text += fmt::format("  group \"{}\"{}{}, lag {}:\n", group.name,
                        group.state.empty() ? "" : " is ", group.state, TotalLag(group, ends));
    for (const PartitionOffset& one : group.committed)
      text +=
          fmt::format("    topic \"{}\" partition {}, committed {}, lag {}\n", one.partition.topic,
                      one.partition.partition, one.offset, Number(LagOf(one, ends), "?"));
  }
  return text;
}

std::string ListingJson(const ClusterDescription& cluster) {
  std::vector<std::string> brokers;
  for (const BrokerDescription& broker : cluster.brokers)
    brokers.push_back(
        fmt::format(R"({{"id":{},"name":{}}})", broker.id, JsonString(broker.address)));
  std::vector<std::string> topics;
  for (const Partitions& topic : ByTopic(cluster.partitions)) topics.push_back(TopicJson(topic));
  const Ends ends = EndsOf(cluster);
  std::vector<std::string> groups;
  for (const GroupDescription& group : cluster.groups) groups.push_back(GroupJson(group, ends));
  return fmt::format(
      R"({{"clusterid":{},"controllerid":{},"brokers":[{}],"topics":[{}],"groups":[{}]}})"
      "\n",
      JsonString(cluster.id), cluster.controller, fmt::join(brokers, ","), fmt::join(topics, ","),
      fmt::join(groups, ","));
}

ClusterDescription ListCluster(const ReaderFlags& flags, const Log& log) {
  const std::vector<std::string>& topics = flags.reader.topics;
  for (const std::string& topic : topics) CheckPattern(topic);
  Admin admin(MakeClientSettings(flags.kafka, log), log);
  ClusterDescription cluster = admin.DescribeCluster(topics, flags.reader.group, log);
  CheckNamed(topics, cluster);
  CheckGroup(flags.reader.group, cluster);
  return cluster;
}

}  // namespace rk
