// rk-read: Kafka → frames on a link, each kept until the writer acknowledges it.

#include <charconv>

#include <CLI/CLI.hpp>

#include "lib/batch/error.h"
#include "lib/ends/kafka_options.h"
#include "lib/ends/reader.h"
#include "lib/stage/link_options.h"
#include "lib/stage/tool.h"

namespace {

const rk::ToolInfo kInfo = {
    "rk-read",
    "Reads topics of Kafka as batches and keeps each until it is acknowledged.",
    "Example:\n"
    "  rk-read -b localhost:9092 -t applications -G credit | rk-infer -m credit.pt |\n"
    "    rk-write -b localhost:9092 -t decisions\n",
};

struct Options {
  rk::KafkaOptions kafka;
  rk::LinkOptions link;
  rk::ReaderOptions reader;
  std::string partitions;
  std::string start;
  uint64_t count = 0;
  uint64_t batch_timeout_ms = 0;
  CLI::Option* count_option = nullptr;
};

void AddOptions(CLI::App& app, Options& options) {
  rk::ReaderOptions& reader = options.reader;
  rk::AddKafkaOptions(app, options.kafka);
  app.add_option("-t,--topic", reader.topic, "topic to read")->required()->option_text("TOPIC");
  app.add_option("-G,--group", reader.group, "consumer group: shares the partitions, commits")
      ->option_text("GROUP");
  app.add_option("-p,--partition", options.partitions, "these alone: N,... or all (default: -G's)")
      ->option_text("LIST");
  app.add_option("-o,--offset", options.start,
                 "beginning|end|stored|N|-N|s@MS (default: stored\nwith a group, else beginning)")
      ->option_text("OFFSET");
  app.add_flag("-e,--exit", reader.exit_at_end, "exit at the end of the partitions");
  options.count_option =
      app.add_option("-c,--count", options.count, "exit after that many records")->option_text("N");
  app.add_option("--instance", reader.instance, "group.instance.id: back at once after a crash")
      ->option_text("ID");
  const CLI::Range positive(size_t{1}, size_t{1} << 40);
  app.add_option("--batch-size", reader.batch.records, "records a batch at most")
      ->option_text("N=500")
      ->check(positive);
  app.add_option("--batch-bytes", reader.batch.bytes, "and bytes")
      ->option_text("SIZE=1MiB")
      ->transform(CLI::AsSizeValue(false))
      ->check(positive);
  app.add_option("--batch-timeout", options.batch_timeout_ms, "wait for company (default 0)")
      ->option_text("MS");
  app.add_option("--window-bytes", reader.window.window_bytes, "unacknowledged at most")
      ->option_text("SIZE=64MiB")
      ->transform(CLI::AsSizeValue(false))
      ->check(positive);
  app.add_option("--window-batches", reader.window.window_batches, "and batches")
      ->option_text("N=4096")
      ->check(positive);
  rk::AddOutputOptions(app, options.link);
  rk::AddHwmOption(app, options.link);
}

/// `all` is the empty list. Throws Error(kUsage).
std::vector<int32_t> ParsePartitions(const std::string& text) {
  std::vector<int32_t> numbers;
  if (text == "all") return numbers;
  for (const std::string& part : CLI::detail::split(text, ',')) {
    int32_t number = -1;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (error != std::errc() || end != part.data() + part.size() || number < 0) {
      throw rk::Error(rk::ErrorKind::kUsage,
                      "partition '" + part + "' is not a number: write -p 0,1,… or -p all");
    }
    numbers.push_back(number);
  }
  return numbers;
}

void Run(Options& options, rk::Stage& stage) {
  rk::ReaderOptions& reader = options.reader;
  reader.client = rk::MakeClientSettings(options.kafka, stage.log);
  if (reader.group.empty()) reader.group = reader.client.Find("group.id").value_or("");
  if (!options.partitions.empty()) reader.partitions = ParsePartitions(options.partitions);
  if (reader.group.empty() && !reader.partitions) reader.partitions.emplace();
  if (options.start.empty()) options.start = reader.group.empty() ? "beginning" : "stored";
  reader.start = rk::ParseStartOffset(options.start);
  if (reader.group.empty() && reader.start.kind == rk::StartOffset::Kind::kStored) {
    throw rk::Error(rk::ErrorKind::kUsage, "-o stored needs a group: name it with -G");
  }
  if (options.count_option->count() > 0) reader.count = options.count;
  reader.batch.timeout = std::chrono::milliseconds(options.batch_timeout_ms);
  if (stage.check) return rk::CheckReader(reader, stage.log);
  const auto sink = rk::OpenSink(options.link, stage);
  rk::Reader running(reader, *sink, stage);
  stage.Ready();
  running.Run();
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
