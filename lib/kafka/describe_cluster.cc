#include "lib/kafka/describe_cluster.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include <fmt/format.h>

#include "lib/kafka/ask_brokers.h"

namespace rk {
namespace {

using MetadataPtr = Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;
using GroupRequestPtr =
    Owned<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy>;

std::vector<int32_t> Numbers(std::span<const int32_t> numbers) {
  return {numbers.begin(), numbers.end()};
}

void AddMetadata(rd_kafka_t* handle, const std::vector<TopicPartition>& wanted,
                 ClusterDescription& cluster) {
  const rd_kafka_metadata_t* answer = nullptr;
  const auto error = rd_kafka_metadata(handle, 1, nullptr, &answer, int{kAnswerTimeout.count()});
  const MetadataPtr owner(answer);
  if (error)
    throw Error(KindOf(error), fmt::format("cannot list topics: {}", rd_kafka_err2str(error)));
  for (const auto& broker : std::span(answer->brokers, static_cast<size_t>(answer->broker_cnt)))
    cluster.brokers.push_back({broker.id, fmt::format("{}:{}", broker.host, broker.port)});
  std::ranges::sort(cluster.brokers, {}, &BrokerDescription::id);
  std::map<TopicPartition, PartitionDescription> found;
  for (const auto& topic : std::span(answer->topics, static_cast<size_t>(answer->topic_cnt))) {
    for (const auto& one : std::span(topic.partitions, static_cast<size_t>(topic.partition_cnt))) {
      const TopicPartition partition{topic.topic, one.id};
      found[partition] = {partition,
                          one.leader,
                          Numbers({one.replicas, static_cast<size_t>(one.replica_cnt)}),
                          Numbers({one.isrs, static_cast<size_t>(one.isr_cnt)}),
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
  const EventPtr event =
      AskBrokers(handle, {RD_KAFKA_ADMIN_OP_LISTOFFSETS, "cannot ask for offsets",
                          [&](const auto* options, auto* answers) {
                            rd_kafka_ListOffsets(handle, list.get(), options, answers);
                          }});
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

/// A broker leaves out the groups of a coordinator that loads, and says so.
rd_kafka_resp_err_t ErrorInGroups(rd_kafka_event_t* event) {
  size_t count = 0;
  const auto* errors = rd_kafka_ListConsumerGroups_result_errors(
      rd_kafka_event_ListConsumerGroups_result(event), &count);
  return count == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(errors[0]);
}

std::map<std::string, std::string> ListGroups(rd_kafka_t* handle) {
  const EventPtr event =
      AskBrokers(handle, {RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, "cannot ask for groups",
                          [&](const auto* options, auto* answers) {
                            rd_kafka_ListConsumerGroups(handle, options, answers);
                          },
                          ErrorInGroups});
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

void AddCommitted(const rd_kafka_topic_partition_list_t& list,
                  const std::set<TopicPartition>& wanted, GroupDescription& group) {
  for (const auto& one : std::span(list.elems, static_cast<size_t>(list.cnt))) {
    const TopicPartition partition{one.topic, one.partition};
    if (!one.err && one.offset >= 0 && wanted.contains(partition))
      group.committed.push_back({partition, one.offset});
  }
  std::ranges::sort(group.committed, {}, &PartitionOffset::partition);
}

/// What groups have committed, of which each is asked for in a request of its own, all at once.
class CommittedOffsets {
 public:
  CommittedOffsets(rd_kafka_t* handle, std::map<std::string, GroupDescription>& groups,
                   const std::vector<PartitionDescription>& partitions)
      : handle_(handle), groups_(groups) {
    for (const auto& [name, group] : groups) unanswered_.insert(name);
    for (const PartitionDescription& one : partitions) wanted_.insert(one.partition);
  }

  /// Throws Error.
  void Ask() {
    const auto error = AskUntilAnswered(kAnswerTimeout, [&](auto left) { return AskOnce(left); });
    if (error)
      throw Error(KindOf(error), fmt::format("cannot ask for committed offsets of group {}: {}",
                                             *unanswered_.begin(), rd_kafka_err2str(error)));
  }

 private:
  rd_kafka_resp_err_t AskOnce(std::chrono::milliseconds left) {
    const QueuePtr answers(rd_kafka_queue_new(handle_));
    const auto options =
        MakeAdminOptions(handle_, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, left);
    const size_t count = unanswered_.size();
    for (const std::string& name : unanswered_) {
      const GroupRequestPtr request(rd_kafka_ListConsumerGroupOffsets_new(name.c_str(), nullptr));
      rd_kafka_ListConsumerGroupOffsets_t* requests[] = {request.get()};
      rd_kafka_ListConsumerGroupOffsets(handle_, requests, 1, options.get(), answers.get());
    }
    auto error = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; i < count; ++i) {
      const EventPtr event(rd_kafka_queue_poll(answers.get(), static_cast<int>(left.count())));
      if (!event) return RD_KAFKA_RESP_ERR__TIMED_OUT;
      if (const auto one = Take(event.get())) error = one;
    }
    return error;
  }

  rd_kafka_resp_err_t Take(rd_kafka_event_t* event) {
    if (const auto error = rd_kafka_event_error(event)) return error;
    size_t count = 0;
    const auto* answers = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
    for (const auto* answer : std::span(answers, count)) {
      const auto* error = rd_kafka_group_result_error(answer);
      if (error != nullptr) return rd_kafka_error_code(error);
      const std::string name = rd_kafka_group_result_name(answer);
      AddCommitted(*rd_kafka_group_result_partitions(answer), wanted_, groups_.at(name));
      unanswered_.erase(name);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  rd_kafka_t* handle_;
  std::map<std::string, GroupDescription>& groups_;
  std::set<std::string> unanswered_;
  std::set<TopicPartition> wanted_;
};

void AddGroups(rd_kafka_t* handle, const std::string& only, const Log& log,
               ClusterDescription& cluster) {
  std::map<std::string, std::string> states = TryListGroups(handle, log);
  if (!only.empty()) std::erase_if(states, [&](const auto& one) { return one.first != only; });
  std::map<std::string, GroupDescription> groups;
  for (const auto& [name, state] : states) groups[name] = {name, state, {}};
  if (!only.empty() && groups.empty()) groups[only] = {only, {}, {}};
  CommittedOffsets(handle, groups, cluster.partitions).Ask();
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
