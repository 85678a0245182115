// Makes topics and shows what the broker knows of topics and groups, in
// milliseconds where Kafka's own scripts start a Java for each question.

#include <array>
#include <cstdio>

#include "tests/support/kafka_client.h"

namespace rk::support {
namespace {

constexpr int kAnswerTimeoutMs = 20000;

using Event =
    std::unique_ptr<rd_kafka_event_t, Deleter<rd_kafka_event_destroy>>;

struct Options {
  Connection connection;
  std::string name;
  int partitions = 1;
  std::vector<std::string> settings;
  std::string group;
};

Client MakeAdmin(const Options &options) {
  return MakeProducer(MakeConf(options.connection, {}));
}

Event Answer(rd_kafka_queue_t *queue) {
  Event event(rd_kafka_queue_poll(queue, kAnswerTimeoutMs));
  if (!event)
    throw Failure("no answer from the broker");
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw Failure(rd_kafka_event_error_string(event.get()));
  }
  return event;
}

void CheckTopics(const rd_kafka_topic_result_t **results, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (rd_kafka_topic_result_error(results[i]) == RD_KAFKA_RESP_ERR_NO_ERROR)
      continue;
    throw Failure(rd_kafka_topic_result_error_string(results[i]));
  }
}

int CreateTopic(const Options &options) {
  const Client admin = MakeAdmin(options);
  const Queue queue(rd_kafka_queue_new(admin.get()));
  std::array<char, 512> reason;
  rd_kafka_NewTopic_t *topic =
      rd_kafka_NewTopic_new(options.name.c_str(), options.partitions, 1,
                            reason.data(), reason.size());
  if (topic == nullptr)
    throw Failure(reason.data());
  for (const std::string &setting : options.settings) {
    const size_t equals = std::min(setting.find('='), setting.size() - 1);
    rd_kafka_NewTopic_set_config(topic, setting.substr(0, equals).c_str(),
                                 setting.substr(equals + 1).c_str());
  }
  rd_kafka_CreateTopics(admin.get(), &topic, 1, nullptr, queue.get());
  rd_kafka_NewTopic_destroy(topic);
  const Event event = Answer(queue.get());
  size_t count = 0;
  CheckTopics(rd_kafka_CreateTopics_result_topics(
                  rd_kafka_event_CreateTopics_result(event.get()), &count),
              count);
  return 0;
}

int DeleteTopic(const Options &options) {
  const Client admin = MakeAdmin(options);
  const Queue queue(rd_kafka_queue_new(admin.get()));
  rd_kafka_DeleteTopic_t *topic =
      rd_kafka_DeleteTopic_new(options.name.c_str());
  rd_kafka_DeleteTopics(admin.get(), &topic, 1, nullptr, queue.get());
  rd_kafka_DeleteTopic_destroy(topic);
  const Event event = Answer(queue.get());
  size_t count = 0;
  CheckTopics(rd_kafka_DeleteTopics_result_topics(
                  rd_kafka_event_DeleteTopics_result(event.get()), &count),
              count);
  return 0;
}

// {"partition":[end,committed],…}; without a group the committed offset is -1.
int ShowOffsets(const Options &options) {
  const Client admin = MakeAdmin(options);
  std::map<int32_t, int64_t> committed;
  if (!options.group.empty()) {
    committed =
        CommittedOffsets(options.connection, options.name, options.group);
  }
  const char *separator = "{";
  for (const auto &[partition, end] : EndOffsets(admin.get(), options.name)) {
    const int64_t offset =
        committed.contains(partition) ? committed.at(partition) : -1;
    std::printf("%s\"%d\":[%lld,%lld]", separator, partition,
                static_cast<long long>(end), static_cast<long long>(offset));
    separator = ",";
  }
  std::printf("}\n");
  return 0;
}

void PrintMembers(const rd_kafka_ConsumerGroupDescription_t *group) {
  const size_t count = rd_kafka_ConsumerGroupDescription_member_count(group);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_MemberDescription_t *member =
        rd_kafka_ConsumerGroupDescription_member(group, i);
    const auto *assigned = rd_kafka_MemberAssignment_partitions(
        rd_kafka_MemberDescription_assignment(member));
    std::printf("%s{\"id\":\"%s\",\"partitions\":%d}", i == 0 ? "" : ",",
                rd_kafka_MemberDescription_consumer_id(member),
                assigned ? assigned->cnt : 0);
  }
}

// {"state":…,"members":[{"id":…,"partitions":how many},…]}
int ShowGroup(const Options &options) {
  const Client admin = MakeAdmin(options);
  const Queue queue(rd_kafka_queue_new(admin.get()));
  const char *name = options.name.c_str();
  rd_kafka_DescribeConsumerGroups(admin.get(), &name, 1, nullptr, queue.get());
  const Event event = Answer(queue.get());
  size_t count = 0;
  const auto **groups = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
  const rd_kafka_error_t *error =
      rd_kafka_ConsumerGroupDescription_error(groups[0]);
  if (error != nullptr)
    throw Failure(rd_kafka_error_string(error));
  std::printf("{\"state\":\"%s\",\"members\":[",
              rd_kafka_consumer_group_state_name(
                  rd_kafka_ConsumerGroupDescription_state(groups[0])));
  PrintMembers(groups[0]);
  std::printf("]}\n");
  return 0;
}

CLI::App *AddCommand(CLI::App &app, const char *name, const char *what,
                     Options &options) {
  CLI::App *command = app.add_subcommand(name, what);
  options.connection.AddOptions(*command);
  command->add_option("name", options.name, "Its name")->required();
  return command;
}

int Run(CLI::App &app, const Options &options) {
  if (app.got_subcommand("create"))
    return CreateTopic(options);
  if (app.got_subcommand("delete"))
    return DeleteTopic(options);
  if (app.got_subcommand("offsets"))
    return ShowOffsets(options);
  return ShowGroup(options);
}

} // namespace
} // namespace rk::support

int main(int argc, char **argv) {
  using rk::support::AddCommand;
  CLI::App app("Makes topics; shows offsets and groups as JSON.", "kadmin");
  rk::support::Options options;
  app.require_subcommand(1);
  CLI::App *create = AddCommand(app, "create", "Makes a topic", options);
  create->add_option("-p,--partitions", options.partitions,
                     "How many partitions");
  create->add_option("-c,--config", options.settings,
                     "A setting of the topic, NAME=VALUE");
  AddCommand(app, "delete", "Deletes a topic", options);
  CLI::App *offsets = AddCommand(
      app, "offsets", "A topic's ends and what is committed", options);
  offsets->add_option("-G,--group", options.group, "Whose commits");
  AddCommand(app, "group", "A consumer group's state and members", options);
  return rk::support::Main(app, argc, argv,
                           [&] { return rk::support::Run(app, options); });
}
