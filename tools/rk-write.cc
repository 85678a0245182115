// rk-write: frames → Kafka.
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "lib/base/error.h"
#include "lib/kafka/kafka_options.h"
#include "lib/stage/link_options.h"
#include "lib/stage/tool.h"
#include "lib/text/edited_source.h"
#include "lib/text/line_delivery_sink.h"
#include "lib/text/text_source.h"
#include "lib/text/unescape.h"
#include "lib/write/writer.h"
#include "lib/write/writer_topics.h"

namespace {

const rk::ToolInfo kInfo{
    "rk-write",
    "Writes frames to a Kafka topic, in order, and acknowledges what is stored.\n"
    "Failed records go to the dead-letter topic.",
    "Example:\n"
    "  rk-read -t loans -G credit | rk-infer -m credit.pt | rk-write -t decisions"};

struct Options {
  rk::LinkOptions link;
  rk::KafkaOptions kafka;
  std::string topic;
  std::string dead_letters;
  std::string to;
  std::string partition = "key";
  rk::Edits edits;
  bool text = false;
  std::string record_end = "\\n";
  std::optional<std::string> key_end;
  bool unordered = false;
  std::string on_broker_down = "exit";
};

std::string CheckDelimiter(const std::string& text) {
  return rk::Unescape(text).empty() ? "a delimiter is not empty" : "";
}

void AddOptions(CLI::App& app, Options& options) {
  rk::AddKafkaOptions(app, options.kafka);
  app.add_option("-t,--topic", options.topic, "topic to write to")->option_text("TOPIC");
  app.add_option("-p,--partition", options.partition, "by key, same number as the input, or N")
      ->option_text("key|same|N");
  app.add_option("--key", options.edits.key_field, "take the key from this field of the value")
      ->option_text("FIELD");
  app.add_option("--drop-header", options.edits.drop_headers, "omit these headers; may be repeated")
      ->option_text("GLOB")
      ->expected(1)
      ->take_all();
  app.add_flag("--source-header", options.edits.source_header,
               "add a header rk-source: topic/partition/offset");
  app.add_option("--dead-letter", options.dead_letters,
                 "topic for failed records (default: TOPIC.dlq)")
      ->option_text("TOPIC");
  app.add_option("--to", options.to, "print values to stdout instead of Kafka")
      ->option_text("-")
      ->check(CLI::IsMember({"-"}))
      ->excludes("-t", "-p", "--dead-letter");
  auto* text = app.add_flag("-P", options.text, "read text, one record per line, like kcat -P");
  app.add_option("-K", options.key_end, "with -P: key delimiter")
      ->option_text("DELIMITER")
      ->needs(text)
      ->check(CheckDelimiter);
  app.add_option("-D", options.record_end, "with -P: record delimiter")
      ->option_text("DELIMITER=\\n")
      ->needs(text)
      ->check(CheckDelimiter);
  app.add_flag("--unordered", options.unordered, "write batches as they arrive, in any order");
  app.add_option("--on-broker-down", options.on_broker_down, "after 60 s: exit, or retry forever")
      ->check(CLI::IsMember({"exit", "retry"}))
      ->option_text("WHAT=exit");
  rk::AddInputOptions(app, options.link);
  rk::AddHwmOption(app, options.link);
}

std::unique_ptr<rk::Source> OpenInput(const Options& options, rk::Stage& stage) {
  if (options.text && options.link.in != "-")
    throw rk::Error(rk::ErrorKind::kUsage, "-P is for standard input, not for --in");
  std::unique_ptr<rk::Source> source;
  if (options.text) {
    rk::TextFormat format{rk::Unescape(options.record_end), std::nullopt};
    if (options.key_end) format.key_end = rk::Unescape(*options.key_end);
    source = std::make_unique<rk::TextSource>(STDIN_FILENO, std::move(format));
  } else {
    source = rk::OpenSource(options.link, rk::Holds::kUntilDone, stage);
  }
  if (!options.edits.any()) return source;
  return std::make_unique<rk::EditedSource>(std::move(source), options.edits);
}

std::string DeadLetters(const Options& options) {
  return options.dead_letters.empty() ? options.topic + ".dlq" : options.dead_letters;
}

/// What rk-run looks at beside the options.
rk::OptionFacts FactsOf(const Options& options) {
  if (options.topic.empty()) return {};
  return {{"written_topics", {options.topic, DeadLetters(options)}},
          {"brokers", {rk::BrokersOf(rk::ReadClientSettings(options.kafka))}}};
}

/// Null if a --check needs no more.
std::unique_ptr<rk::DeliverySink> OpenDeliverySink(const Options& options, rk::Stage& stage) {
  if (options.to == "-")
    return stage.check ? nullptr : std::make_unique<rk::LineDeliverySink>(STDOUT_FILENO, stage.log);
  if (options.topic.empty())
    throw rk::Error(rk::ErrorKind::kUsage, "--topic is required, or --to -");
  const rk::ClientSettings client = rk::MakeClientSettings(options.kafka, stage.log);
  const std::string dead_letters = DeadLetters(options);
  const rk::Placement placement = rk::ParsePlacement(options.partition);
  if (stage.check) {
    rk::CheckTopics(client, options.topic, dead_letters, placement, stage.log);
    return nullptr;
  }
  return std::make_unique<rk::Producer>(
      rk::PrepareTopics(client, options.topic, dead_letters, placement, stage.log), stage.log);
}

void Run(const Options& options, rk::Stage& stage) {
  rk::WriterOptions writer_options;
  writer_options.ordered = !options.unordered;
  if (options.on_broker_down == "retry") writer_options.give_up_after.reset();
  const auto sink = OpenDeliverySink(options, stage);
  if (!sink) return;
  const auto source = OpenInput(options, stage);
  rk::Poller poller;
  rk::Writer writer(writer_options, *source, *sink, stage, poller);
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
      },
      [&] { return FactsOf(options); });
}
