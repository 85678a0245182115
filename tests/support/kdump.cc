// Prints a topic's committed records, one a line, for scripts: see
// record_line.h.

#include <cstdio>

#include "tests/support/kafka_client.h"
#include "tests/support/record_line.h"

int main(int argc, char** argv) {
  CLI::App app(
      "Prints partition, offset, timestamp, key, value and headers of "
      "each record.",
      "kdump");
  rk::support::Connection connection;
  std::string topic;
  connection.AddOptions(app);
  app.add_option("-t,--topic", topic, "The topic")->required();
  return rk::support::Main(app, argc, argv, [&] {
    rk::support::ReadTopic(connection, topic, [](const rd_kafka_message_t& message) {
      std::printf("%d\t%lld\t%s\n", message.partition, static_cast<long long>(message.offset),
                  rk::support::LineOf(message).c_str());
    });
    return std::fflush(stdout) == 0 ? 0 : 1;
  });
}
