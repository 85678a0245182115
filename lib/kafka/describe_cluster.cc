#include "lib/kafka/describe_cluster.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include <fmt/format.h>

#include "lib/kafka/handle.h"

namespace rk {
namespace {

using MetadataPtr = Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;
using GroupRequestPtr =
    Owned<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy>;

constexpr int kAnswerTimeoutMs = 6000;

// Questions to the brokers, whose answers come in any order.
class Questions {
 public:
  explicit Questions(rd_kafka_t* handle) : answers_(rd_kafka_queue_new(handle)) {}

  static AdminOptionsPtr Options(rd_kafka_t* handle, rd_kafka_admin_op_t operation) {
    AdminOptionsPtr options(rd_kafka_AdminOptions_new(handle, operation));
    char reason[256];
    rd_kafka_AdminOptions_set_request_timeout(options.get(), kAnswerTimeoutMs, reason,
                                              sizeof reason);
    return options;
  }

  rd_kafka_queue_t* queue() const { return answers_.get(); }

  /// Throws Error for one that says an error.
  EventPtr Answer(const std::string& what) {
    EventPtr event(rd_kafka_queue_poll(answers_.get(), kAnswerTimeoutMs + 1000));
    const auto error = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (error)
      throw Error(KindOf(error),
                  fmt::format("cannot ask for {}: {}", what, rd_kafka_err2str(error)));
    return event;
  }

 private:
  QueuePtr answers_;
};

std::vector<int32_t> Numbers(std::span<const int32_t> numbers) {
  return {numbers.begin(), numbers.end()};
}

void AddMetadata(rd_kafka_t* handle, const std::vector<TopicPartition>& wanted,
                 ClusterDescription& cluster) {
  const rd_kafka_metadata_t* answer = nullptr;
  const auto error = rd_kafka_metadata(handle, 1, nullptr, &answer, kAnswerTimeoutMs);
  const MetadataPtr owner(answer);
  if (error)
    throw Error(KindOf(error), fmt::format("cannot list topics: {}", rd_kafka_err2str(error)));
  for (const auto& broker : std::span(answer->brokers, size_t(answer->broker_cnt)))
    cluster.brokers.push_back({broker.id, fmt::format("{}:{}", broker.host, broker.port)});
  std::ranges::sort(cluster.brokers, {}, &BrokerDescription::id);
  std::map<TopicPartition, PartitionDescription> found;
  for (const auto& topic : std::span(answer->topics, size_t(answer->topic_cnt))) {
    for (const auto& one : std::span(topic.partitions, size_t(topic.partition_cnt))) {
      const TopicPartition partition{topic.topic, one.id};
      found[partition] = {partition,
                          one.leader,
                          Numbers({one.replicas, size_t(one.replica_cnt)}),
                          Numbers({one.isrs, size_t(one.isr_cnt)}),
                          {},
                          {}};
    }
  }
  for (const TopicPartition& partition : wanted)
    if (const auto one = found.find(partition); one != found.end())
      cluster.partitions.push_back(one->second);
}

// A partition without a leader has nobody to say it.
void AddOffsets(rd_kafka_t* handle, rd_kafka_OffsetSpec_t spec,
                std::optional<int64_t> PartitionDescription::*offset, ClusterDescription& cluster) {
  const ListPtr list(rd_kafka_topic_partition_list_new(0));
  for (const PartitionDescription& one : cluster.partitions) {
    if (one.leader < 0) continue;
    rd_kafka_topic_partition_list_add(list.get(), one.partition.topic.c_str(),
                                      one.partition.partition)
        ->offset = spec;
  }
  if (list->cnt == 0) return;
  Questions questions(handle);
  const auto options = Questions::Options(handle, RD_KAFKA_ADMIN_OP_LISTOFFSETS);
  rd_kafka_ListOffsets(handle, list.get(), options.get(), questions.queue());
  const EventPtr event = questions.Answer("offsets");
  size_t count = 0;
  const auto* infos =
      rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event.get()), &count);
  std::map<TopicPartition, int64_t> found;
  for (const auto* info : std::span(infos, count)) {
    const auto* one = rd_kafka_ListOffsetsResultInfo_topic_partition(info);
    if (!one->err) found[{one->topic, one->partition}] = one->offset;
  }
  for (PartitionDescription& one : cluster.partitions)
    if (const auto answer = found.find(one.partition); answer != found.end())
      one.*offset = answer->second;
}

std::map<std::string, std::string> ListGroups(rd_kafka_t* handle) {
  Questions questions(handle);
  const auto options = Questions::Options(handle, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS);
  rd_kafka_ListConsumerGroups(handle, options.get(), questions.queue());
  const EventPtr event = questions.Answer("groups");
  size_t count = 0;
  const auto* groups = rd_kafka_ListConsumerGroups_result_valid(
      rd_kafka_event_ListConsumerGroups_result(event.get()), &count);
  std::map<std::string, std::string> states;
  for (const auto* group : std::span(groups, count))
    states[rd_kafka_ConsumerGroupListing_group_id(group)] =
        rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupListing_state(group));
  return states;
}

std::map<std::string, std::string> TryListGroups(rd_kafka_t* handle, const Log& log) {
  try {
    return ListGroups(handle);
  } catch (const Error& error) {
    log(LogLevel::kWarning, error.what());
    return {};
  }
}

void AddCommitted(const EventPtr& event, const std::set<TopicPartition>& wanted,
                  std::map<std::string, GroupDescription>& groups) {
  size_t count = 0;
  const auto* answers = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
  for (const auto* answer : std::span(answers, count)) {
    if (const auto* error = rd_kafka_group_result_error(answer); error != nullptr) {
      throw Error(KindOf(rd_kafka_error_code(error)),
                  fmt::format("group {}: {}", rd_kafka_group_result_name(answer),
                              rd_kafka_error_string(error)));
    }
    const auto* list = rd_kafka_group_result_partitions(answer);
    auto& committed = groups[rd_kafka_group_result_name(answer)].committed;
    for (const auto& one : std::span(list->elems, size_t(list->cnt))) {
      const TopicPartition partition{one.topic, one.partition};
      if (!one.err && one.offset >= 0 && wanted.contains(partition))
        committed.push_back({partition, one.offset});
    }
    std::ranges::sort(committed, {}, &PartitionOffset::partition);
  }
}

void AddGroups(rd_kafka_t* handle, const std::string& only, const Log& log,
               ClusterDescription& cluster) {
  std::map<std::string, std::string> states = TryListGroups(handle, log);
  std::map<std::string, GroupDescription> groups;
  if (!only.empty()) groups[only];
  for (const auto& [name, state] : states)
    if (only.empty() || name == only) groups[name];
  Questions questions(handle);
  const auto options = Questions::Options(handle, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
  for (auto& [name, group] : groups) {
    group = {name, states[name], {}};
    const GroupRequestPtr request(rd_kafka_ListConsumerGroupOffsets_new(name.c_str(), nullptr));
    rd_kafka_ListConsumerGroupOffsets_t* requests[] = {request.get()};
    rd_kafka_ListConsumerGroupOffsets(handle, requests, 1, options.get(), questions.queue());
  }
  std::set<TopicPartition> wanted;
  for (const PartitionDescription& one : cluster.partitions) wanted.insert(one.partition);
  for (size_t i = 0; i < groups.size(); ++i)
    AddCommitted(questions.Answer("committed offsets"), wanted, groups);
  for (auto& [name, group] : groups) cluster.groups.push_back(std::move(group));
}

}  // namespace

ClusterDescription DescribeCluster(rd_kafka_t* handle,
                                   const std::vector<TopicPartition>& partitions,
                                   const std::string& group, const Log& log) {
  ClusterDescription cluster;
  AddMetadata(handle, partitions, cluster);
  cluster.controller = rd_kafka_controllerid(handle, 0);
  AddOffsets(handle, RD_KAFKA_OFFSET_SPEC_EARLIEST, &PartitionDescription::low, cluster);
  AddOffsets(handle, RD_KAFKA_OFFSET_SPEC_LATEST, &PartitionDescription::high, cluster);
  AddGroups(handle, group, log, cluster);
  return cluster;
}

}  // namespace rk
