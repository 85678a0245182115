// rk-write: frames → Kafka.
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "lib/base/error.h"
#include "lib/batch/failure_tally.h"
#include "lib/kafka/kafka_options.h"
#include "lib/stage/link_options.h"
#include "lib/stage/option_value.h"
#include "lib/stage/tool.h"
#include "lib/text/edited_source.h"
#include "lib/text/line_delivery_sink.h"
#include "lib/write/text_options.h"
#include "lib/write/text_progress.h"
#include "lib/write/transaction_options.h"
#include "lib/write/writer.h"
#include "lib/write/writer_flags.h"
#include "lib/write/writer_topics.h"

namespace {

const rk::ToolInfo kInfo{
    "rk-write",
    "Writes frames to a Kafka topic, in order, and acknowledges what is stored.\n"
    "Failed records go to the dead-letter topic.",
    "Example:\n"
    "  rk-read -t loans -G credit | rk-infer -m credit.pt | rk-write -t decisions"};

struct Options {
  rk::LinkOptions link{.prefetch = 4};  // a partition is one writer's: nobody else could take them
  rk::KafkaOptions kafka;
  std::string topic;
  std::string dead_letters;
  std::string to;
  std::string partition = "key";
  rk::Edits edits;
  rk::TextOptions text;
  rk::TransactionOptions transactions;
  std::string codec;
  rk::WriterFlags writer;
};

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
      ->transform(rk::OneOf({"-"}))
      ->excludes("-t", "-p", "--dead-letter");
  rk::AddTextOptions(app, options.text);
  app.add_option("-z", options.codec, "compress with gzip, snappy, lz4 or zstd")
      ->option_text("CODEC")
      ->transform(rk::OneOf({"none", "gzip", "snappy", "lz4", "zstd"}));
  rk::AddWriterFlags(app, options.writer);
  rk::AddTransactionOptions(app, options.transactions);
  rk::AddInputOptions(app, options.link);
  rk::AddSocketOptions(app, options.link);
}

std::unique_ptr<rk::Source> OpenInput(const Options& options, rk::Stage& stage) {
  if (options.text.text && options.link.in != "-")
    throw rk::Error(rk::ErrorKind::kUsage, "-P is for standard input, not for --in");
  auto source = options.text.text ? rk::OpenText(options.text)
                                  : rk::OpenSource(options.link, rk::Holds::kUntilStored, stage);
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
std::unique_ptr<rk::DeliverySink> OpenDeliverySink(const Options& options,
                                                   rk::FailureTally& failures, rk::Stage& stage) {
  if (options.to == "-" && stage.check) return nullptr;
  if (options.to == "-")
    return std::make_unique<rk::LineDeliverySink>(stage.output, failures, stage.log);
  if (options.topic.empty())
    throw rk::Error(rk::ErrorKind::kUsage, "--topic is required, or --to -");
  rk::CheckTransactionOptions(options.transactions);
  rk::ClientSettings client = rk::MakeClientSettings(options.kafka, stage.log);
  if (!options.codec.empty()) client.properties.emplace_back("compression.codec", options.codec);
  const std::string dead_letters = DeadLetters(options);
  const rk::Placement placement = rk::ParsePlacement(options.partition);
  const auto when =
      options.text.text ? rk::DeadLetterTopic::kWhenNeeded : rk::DeadLetterTopic::kAtStart;
  if (stage.check) {
    rk::CheckTopics(client, options.topic, dead_letters, placement, when, stage.log);
    rk::CheckTransactions(client, options.transactions, stage.log);
    return nullptr;
  }
  return rk::MakeKafkaSink(
      rk::PrepareTopics(client, options.topic, dead_letters, placement, when, stage.log),
      options.transactions, failures, stage.log);
}

void Run(const Options& options, rk::Stage& stage) {
  rk::WriterOptions writer_options = rk::MakeWriterOptions(options.writer);
  writer_options.keys = rk::LoadKeys(options.link);
  rk::CheckLinks(options.link);
  rk::FailureTally failures(stage.log);
  const auto sink = OpenDeliverySink(options, failures, stage);
  if (!sink) return;
  const auto source = OpenInput(options, stage);
  rk::Poller poller;
  const auto progress = rk::ShowText(options.text, stage);
  rk::Writer writer(writer_options, *source, *sink, failures, stage, poller);
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
