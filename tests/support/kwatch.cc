// Says when a topic got its first record and when it had all of them, by its end offsets; or when a
// group had committed so many.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include "tests/support/kafka_client.h"

namespace rk::support {
namespace {

using Clock = std::chrono::steady_clock;
using Event = std::unique_ptr<rd_kafka_event_t, Deleter<rd_kafka_event_destroy>>;

constexpr int kAnswerTimeoutMs = 10000;
constexpr auto kDescription =
    "Waits until a topic has got --count records. Prints \"ready\" when it has begun to look, and "
    "then "
    "as JSON when\n"
    "(CLOCK_MONOTONIC, ns) it saw the first ones, how many, and when it saw all. With --group: "
    "until "
    "the group\nhas committed so many of the topic.";

struct Options {
  Connection connection;
  std::string topic;
  std::string group;
  int64_t count = 0;
  int64_t interval_ms = 10;
  int64_t timeout_s = 600;
};

// For a moment after the topic was made; it has no records then.
bool HasNoLeaderYet(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
         error == RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH ||
         error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
         error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

// Asks for all ends in one request, which costs the broker next to nothing.
class Ends {
 public:
  explicit Ends(const Options& options)
      : client_(MakeProducer(MakeConf(options.connection, {}))),
        queue_(rd_kafka_queue_new(client_.get())) {
    const int32_t count = PartitionCount(client_.get(), options.topic);
    list_.reset(rd_kafka_topic_partition_list_new(count));
    for (int32_t partition = 0; partition < count; ++partition) {
      rd_kafka_topic_partition_list_add(list_.get(), options.topic.c_str(), partition)->offset =
          RD_KAFKA_OFFSET_SPEC_LATEST;
    }
  }

  int64_t Sum() {
    rd_kafka_ListOffsets(client_.get(), list_.get(), nullptr, queue_.get());
    const Event event(rd_kafka_queue_poll(queue_.get(), kAnswerTimeoutMs));
    if (!event) throw Failure("no answer from the broker");
    Check(rd_kafka_event_error(event.get()), "the ends of the topic");
    size_t count = 0;
    const auto* infos =
        rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event.get()), &count);
    int64_t sum = 0;
    for (size_t i = 0; i < count; ++i) {
      const auto* end = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
      if (HasNoLeaderYet(end->err)) continue;
      Check(end->err, "the ends of the topic");
      sum += end->offset;
    }
    return sum;
  }

 private:
  Client client_;
  Queue queue_;
  PartitionList list_;
};

// What is part of an open transaction is not committed. A consumer asks: a producer crashes
// (librdkafka 2.12) if the broker is not the group's coordinator yet.
class Commits {
 public:
  explicit Commits(const Options& options)
      : client_(MakeConsumer(MakeConf(options.connection, {{"group.id", options.group}}))),
        queue_(rd_kafka_queue_new(client_.get())),
        topics_(rd_kafka_topic_partition_list_new(1)) {
    const int32_t count = PartitionCount(client_.get(), options.topic);
    rd_kafka_topic_partition_list_add_range(topics_.get(), options.topic.c_str(), 0, count - 1);
    request_.reset(rd_kafka_ListConsumerGroupOffsets_new(options.group.c_str(), topics_.get()));
  }

  int64_t Sum() {
    rd_kafka_ListConsumerGroupOffsets_t* requests[] = {request_.get()};
    rd_kafka_ListConsumerGroupOffsets(client_.get(), requests, 1, nullptr, queue_.get());
    const Event event(rd_kafka_queue_poll(queue_.get(), kAnswerTimeoutMs));
    if (!event) throw Failure("no answer from the broker");
    if (rd_kafka_event_error(event.get())) return 0;  // its coordinator is being found
    size_t count = 0;
    const auto** groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
    const auto* list = rd_kafka_group_result_partitions(groups[0]);
    int64_t sum = 0;
    for (int i = 0; list != nullptr && i < list->cnt; ++i)
      sum += std::max<int64_t>(0, list->elems[i].offset);
    return sum;
  }

 private:
  using Request = std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t,
                                  Deleter<rd_kafka_ListConsumerGroupOffsets_destroy>>;
  Client client_;
  Queue queue_;
  PartitionList topics_;
  Request request_;
};

long long Ns(Clock::time_point time) {
  return std::chrono::nanoseconds(time.time_since_epoch()).count();
}

template <typename Counter>
int Watch(Counter counter, const Options& options) {
  int64_t sum = counter.Sum();
  std::puts("ready");
  std::fflush(stdout);
  const auto deadline = Clock::now() + std::chrono::seconds(options.timeout_s);
  std::optional<Clock::time_point> first;
  int64_t first_count = 0;
  while (sum < options.count) {
    std::this_thread::sleep_for(std::chrono::milliseconds(options.interval_ms));
    sum = counter.Sum();
    if (sum > 0 && !first) {
      first = Clock::now();
      first_count = sum;
    }
    if (Clock::now() > deadline) {
      throw Failure("only " + std::to_string(sum) + " records came in time");
    }
  }
  const auto last = Clock::now();
  std::printf("{\"first_ns\":%lld,\"first_count\":%lld,\"last_ns\":%lld,\"count\":%lld}\n",
              Ns(first.value_or(last)), static_cast<long long>(first_count), Ns(last),
              static_cast<long long>(sum));
  return 0;
}

int Run(const Options& options) {
  return options.group.empty() ? Watch(Ends(options), options) : Watch(Commits(options), options);
}

void AddOptions(CLI::App& app, Options& options) {
  options.connection.AddOptions(app);
  app.add_option("-t,--topic", options.topic, "The topic")->required();
  app.add_option("--group", options.group, "How far this group has committed, instead of the ends");
  app.add_option("-n,--count", options.count, "How many records to wait for")->required();
  app.add_option("--interval", options.interval_ms, "Milliseconds between two looks");
  app.add_option("--timeout", options.timeout_s, "Seconds to wait for all of them");
}

}  // namespace
}  // namespace rk::support

int main(int argc, char** argv) {
  CLI::App app(rk::support::kDescription, "kwatch");
  rk::support::Options options;
  rk::support::AddOptions(app, options);
  return rk::support::Main(app, argc, argv, [&] { return rk::support::Run(options); });
}
