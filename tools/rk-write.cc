// rk-write: frames → Kafka.
#include <string>

#include <CLI/CLI.hpp>

#include "lib/ends/kafka_options.h"
#include "lib/ends/writer.h"
#include "lib/ends/writer_topics.h"
#include "lib/stage/link_options.h"
#include "lib/stage/tool.h"

namespace {

const rk::ToolInfo kInfo{
    "rk-write",
    "Writes frames to a topic of Kafka, in order, and acknowledges what is stored.\n"
    "Records that failed go to the dead-letter topic.",
    "Example:\n"
    "  rk-read -b localhost:9092 -t applications -G credit | rk-infer -m credit.pt |\n"
    "    rk-write -b localhost:9092 -t decisions"};

struct Options {
  rk::LinkOptions link;
  rk::KafkaOptions kafka;
  std::string topic;
  std::string dead_letters;
  bool unordered = false;
  std::string on_broker_down = "exit";
};

void AddOptions(CLI::App& app, Options& options) {
  rk::AddKafkaOptions(app, options.kafka);
  app.add_option("-t,--topic", options.topic, "topic to write to")
      ->option_text("TOPIC")
      ->required();
  app.add_option("--dead-letter", options.dead_letters,
                 "for records that failed (default: TOPIC.dlq)")
      ->option_text("TOPIC");
  app.add_flag("--unordered", options.unordered, "let a batch go that overtook an earlier one");
  app.add_option("--on-broker-down", options.on_broker_down, "after 60 s: exit, or retry for ever")
      ->check(CLI::IsMember({"exit", "retry"}))
      ->option_text("WHAT=exit");
  rk::AddInputOptions(app, options.link);
  rk::AddHwmOption(app, options.link);
}

void Run(const Options& options, rk::Stage& stage) {
  rk::WriterOptions writer_options;
  writer_options.ordered = !options.unordered;
  if (options.on_broker_down == "retry") writer_options.give_up_after.reset();
  const rk::ClientSettings client = rk::MakeClientSettings(options.kafka, stage.log);
  const std::string dead_letters =
      options.dead_letters.empty() ? options.topic + ".dlq" : options.dead_letters;
  if (stage.check) return rk::CheckTopics(client, options.topic, dead_letters, stage.log);
  rk::Producer producer(rk::PrepareTopics(client, options.topic, dead_letters, stage.log),
                        stage.log);
  const auto source = rk::OpenSource(options.link, rk::Holds::kUntilDone, stage);
  rk::Writer writer(writer_options, *source, producer, stage);
  stage.Ready();
  writer.Run();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return rk::ToolMain(
      kInfo, argc, argv, [&](CLI::App& app) { AddOptions(app, options); },
      [&](rk::Stage& stage) {
        rk::BlankSecrets(argc, argv);
        Run(options, stage);
      });
}
