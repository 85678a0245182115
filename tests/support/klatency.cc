// Measures how long records take, from the time stamped in their JSON value (field ns, as kfill
// --stamp writes it) to their arrival here, and the longest time without one.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <utility>

#include "tests/support/kafka_client.h"
#include "tests/support/record_maker.h"

namespace rk::support {
namespace {

constexpr std::string_view kField = "\"ns\":";
constexpr int kPollMs = 100;

struct Options {
  Connection connection;
  std::string topic;
  uint64_t count = 0;
  uint64_t skip = 0;
  int64_t timeout_s = 60;
};

int64_t StampOf(const rd_kafka_message_t& message) {
  const std::string_view value = ValueOf(message);
  const size_t field = value.find(kField);
  size_t start = field + kField.size();
  if (field != value.npos && value.substr(start).starts_with(' ')) ++start;  // Python writes one
  int64_t stamp = 0;
  if (field == value.npos ||
      std::from_chars(value.data() + start, value.data() + value.size(), stamp).ec != std::errc()) {
    throw Failure("a record without a stamp");
  }
  return stamp;
}

// Assigned from the beginning: the topic is a fresh one, and so no record can be missed.
Client MakeMeter(const Options& options) {
  Client consumer = MakeConsumer(MakeConf(options.connection, {{"group.id", "rk-support"},
                                                               {"enable.auto.commit", "false"},
                                                               {"fetch.error.backoff.ms", "10"}}));
  const PartitionList list(rd_kafka_topic_partition_list_new(1));
  const int32_t count = PartitionCount(consumer.get(), options.topic);
  for (int32_t partition = 0; partition < count; ++partition) {
    rd_kafka_topic_partition_list_add(list.get(), options.topic.c_str(), partition)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  Check(rd_kafka_assign(consumer.get(), list.get()), "assigning " + options.topic);
  return consumer;
}

struct Measured {
  std::vector<int64_t> latencies;  // ns, as is
  int64_t longest_gap = 0;
};

Measured Measure(const Options& options, rd_kafka_t* consumer) {
  Measured measured;
  measured.latencies.reserve(options.count);
  int64_t last = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.timeout_s);
  for (uint64_t seen = 0; seen < options.count;) {
    if (std::chrono::steady_clock::now() > end) {
      throw Failure("only " + std::to_string(seen) + " records came in time");
    }
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, kPollMs);
    if (message == nullptr) continue;
    Check(message->err, "reading " + options.topic);
    const int64_t now = RealtimeNs();
    const int64_t stamp = StampOf(*message);
    rd_kafka_message_destroy(message);
    const int64_t before = std::exchange(last, now);
    if (seen++ < options.skip) continue;
    measured.latencies.push_back(now - stamp);
    if (before > 0) measured.longest_gap = std::max(measured.longest_gap, now - before);
  }
  return measured;
}

// The smallest latency that `share` of all do not exceed, in microseconds: exact, since all of them
// are kept.
double Percentile(const std::vector<int64_t>& sorted, double share) {
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return static_cast<double>(sorted.at(std::max<size_t>(rank, 1) - 1)) / 1000.0;
}

int Run(const Options& options) {
  const Client consumer = MakeMeter(options);
  auto [latencies, longest_gap] = Measure(options, consumer.get());
  std::sort(latencies.begin(), latencies.end());
  std::printf(
      "{\"count\":%zu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,"
      "\"max_us\":%.1f,\"gap_us\":%.1f}\n",
      latencies.size(), Percentile(latencies, 0.5), Percentile(latencies, 0.99),
      Percentile(latencies, 0.999), Percentile(latencies, 1.0),
      static_cast<double>(longest_gap) / 1000.0);
  return 0;
}

void AddOptions(CLI::App& app, Options& options) {
  options.connection.AddOptions(app);
  app.add_option("-t,--topic", options.topic, "The topic, empty at first")->required();
  app.add_option("-n,--count", options.count, "How many records to wait for")->required();
  app.add_option("--skip", options.skip, "The first so many are not measured");
  app.add_option("--timeout", options.timeout_s, "Seconds to wait for all of them");
}

}  // namespace
}  // namespace rk::support

int main(int argc, char** argv) {
  CLI::App app("Measures the latency of stamped records; prints percentiles as JSON.", "klatency");
  rk::support::Options options;
  rk::support::AddOptions(app, options);
  return rk::support::Main(app, argc, argv, [&] { return rk::support::Run(options); });
}
