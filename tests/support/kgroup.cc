// Prints what the broker knows of a consumer group: {"state":…,"members":[{"id":…,"partitions":
// how many},…]}.

#include <cstdio>

#include "tests/support/kafka_client.h"

namespace rk::support {
namespace {

constexpr int kAnswerTimeoutMs = 20000;

using Event = std::unique_ptr<rd_kafka_event_t, Deleter<rd_kafka_event_destroy>>;

Event Describe(rd_kafka_t* client, const std::string& group) {
  const Queue queue(rd_kafka_queue_new(client));
  const char* name = group.c_str();
  rd_kafka_DescribeConsumerGroups(client, &name, 1, nullptr, queue.get());
  Event event(rd_kafka_queue_poll(queue.get(), kAnswerTimeoutMs));
  if (!event) throw Failure("no answer from the broker");
  Check(rd_kafka_event_error(event.get()), "group " + group);
  return event;
}

void PrintMembers(const rd_kafka_ConsumerGroupDescription_t* group) {
  const size_t count = rd_kafka_ConsumerGroupDescription_member_count(group);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_MemberDescription_t* member = rd_kafka_ConsumerGroupDescription_member(group, i);
    const auto* assigned =
        rd_kafka_MemberAssignment_partitions(rd_kafka_MemberDescription_assignment(member));
    std::printf("%s{\"id\":\"%s\",\"partitions\":%d}", i == 0 ? "" : ",",
                rd_kafka_MemberDescription_consumer_id(member), assigned ? assigned->cnt : 0);
  }
}

int Run(const Connection& connection, const std::string& name) {
  const Client client = MakeProducer(MakeConf(connection, {}));
  const Event event = Describe(client.get(), name);
  size_t count = 0;
  const auto* group = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count)[0];
  const rd_kafka_error_t* error = rd_kafka_ConsumerGroupDescription_error(group);
  if (error != nullptr) throw Failure(rd_kafka_error_string(error));
  std::printf("{\"state\":\"%s\",\"members\":[",
              rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(group)));
  PrintMembers(group);
  std::printf("]}\n");
  return 0;
}

}  // namespace
}  // namespace rk::support

int main(int argc, char** argv) {
  CLI::App app("Shows a consumer group's state and members as JSON.", "kgroup");
  rk::support::Connection connection;
  std::string group;
  connection.AddOptions(app);
  app.add_option("group", group, "The group")->required();
  return rk::support::Main(app, argc, argv, [&] { return rk::support::Run(connection, group); });
}
