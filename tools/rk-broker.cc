// rk-broker: a broker for trying things out, in one process.
#include <poll.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/kafka/mock_broker.h"
#include "lib/stage/tool.h"

namespace {

const rk::ToolInfo kInfo{
    "rk-broker",
    "A Kafka broker in one process, for trying things out. Prints its address.\n"
    "Never for data: it keeps at most 5 MB or 100,000 records per partition, in\nmemory, and drops "
    "older ones.",
    "Example:\n"
    "  rk-broker --topic applications --topic decisions:2 > address &\n"
    "  until [ -s address ]; do sleep 0.1; done\n"
    "  rk-write -b $(cat address) -t decisions < captured.rkf",
    false};

constexpr int32_t kMostPartitions = 10'000;

struct Topic {
  std::string name;
  int32_t partitions = rk::MockBroker::kDefaultPartitions;
};

Topic ParseTopic(const std::string& text) {
  const size_t colon = text.find(':');
  Topic topic;
  topic.name = text.substr(0, colon);
  if (colon == std::string::npos) return topic;
  const std::string count = text.substr(colon + 1);
  if (!CLI::detail::lexical_cast(count, topic.partitions) || topic.partitions < 1 ||
      topic.partitions > kMostPartitions) {
    throw CLI::ValidationError(
        "--topic",
        fmt::format("'{}' is not a number of partitions from 1 to {}", count, kMostPartitions));
  }
  return topic;
}

void AddOptions(CLI::App& app, std::vector<Topic>& topics) {
  app.add_option_function<std::vector<std::string>>(
         "--topic",
         [&topics](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) topics.push_back(ParseTopic(text));
         },
         "create this topic; 4 partitions by default")
      ->type_name("NAME[:PARTITIONS]")
      ->expected(1)
      ->take_all();
}

void Run(const std::vector<Topic>& topics, rk::Stage& stage) {
  rk::MockBroker broker(stage.log);
  for (const Topic& topic : topics) broker.CreateTopic(topic.name, topic.partitions);
  const std::string address = broker.address();
  if (std::printf("%s\n", address.c_str()) < 0 || std::fflush(stdout) != 0) {
    throw rk::Error(rk::ErrorKind::kIo, "cannot write the address to stdout");
  }
  stage.log(rk::LogLevel::kInfo,
            "never for data: memory only, 5 MB or 100,000 records per partition, older ones are "
            "dropped address=" +
                address);
  pollfd drain{stage.signals.drain_fd(), POLLIN, 0};
  while (!stage.signals.draining()) poll(&drain, 1, -1);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Topic> topics;
  return rk::ToolMain(
      kInfo, argc, argv, [&](CLI::App& app) { AddOptions(app, topics); },
      [&](rk::Stage& stage) { Run(topics, stage); });
}
