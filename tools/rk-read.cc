// rk-read: Kafka → frames on a link, each kept until the writer acknowledges it.

#include <unistd.h>

#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "lib/batch/error.h"
#include "lib/ends/kafka_options.h"
#include "lib/ends/line_reader.h"
#include "lib/ends/reader.h"
#include "lib/ends/text_sink.h"
#include "lib/kafka/topics.h"
#include "lib/stage/link_options.h"
#include "lib/stage/tool.h"

namespace {

const rk::ToolInfo kInfo = {
    "rk-read",
    "Reads topics of Kafka as batches and keeps each until it is acknowledged.",
    "Example:\n"
    "  rk-read -t loans -G credit | rk-infer -m credit.pt | rk-write -t decisions\n",
};

struct Options {
  rk::KafkaOptions kafka;
  rk::LinkOptions link;
  rk::ReaderOptions reader;
  std::string from;  ///< a file of lines instead of Kafka
  std::string partitions;
  std::vector<std::string> offsets;
  std::optional<std::string> format;
  uint64_t batch_timeout_ms = 0;
};

void AddKafkaSide(CLI::App& app, Options& options) {
  rk::ReaderOptions& reader = options.reader;
  rk::AddKafkaOptions(app, options.kafka);
  app.add_option("-t,--topic", reader.topics, "a topic, or ^PATTERN; may be given often")
      ->option_text("TOPIC")
      ->expected(1)
      ->take_all();
  app.add_option("-G,--group", reader.group, "consumer group: shares the partitions, commits")
      ->option_text("GROUP");
  app.add_option("-p,--partition", options.partitions, "these alone: N,... or all (default: -G's)")
      ->option_text("LIST");
  app.add_option("-o,--offset", options.offsets,
                 "beginning|end|stored|N|-N|s@MS, and e@MS to end")
      ->option_text("OFFSET")
      ->expected(1)
      ->take_all();
  app.add_flag("-e,--exit", reader.exit_at_end, "exit at the end of the partitions");
  app.add_option("-c,--count", reader.count, "exit after that many records")->option_text("N");
  app.add_option("--instance", reader.instance, "group.instance.id: back at once after a crash")
      ->option_text("ID");
  app.add_option_function<std::string>(
         "--on-offset-loss", [&](const std::string& what) { reader.skip_lost = what == "skip"; },
         "where retention was faster: exit or skip")
      ->option_text("WHAT=exit")
      ->check(CLI::IsMember({"exit", "skip"}));
  app.add_option("--from", options.from, "lines of a file, - for stdin; no Kafka")
      ->option_text("FILE")
      ->excludes("-t", "-G", "-p", "-o", "--instance", "--on-offset-loss");
}

void AddOptions(CLI::App& app, Options& options) {
  rk::ReaderOptions& reader = options.reader;
  AddKafkaSide(app, options);
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
  app.add_option("-f,--format", options.format, "frame, json, or as kcat -f: '%k %s\\n'")
      ->option_text("FORMAT=frame");
  app.add_option_function<std::string>(
         "--commit", [&](const std::string&) { reader.commit_sent = true; },
         "text that is written counts as done")
      ->option_text("sent")
      ->check(CLI::IsMember({"sent"}));
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

/// -o is given once for the start and once for the end, in any order.
void ParseOffsets(const std::vector<std::string>& texts, rk::ReaderOptions& reader) {
  const bool grouped = !reader.group.empty();
  std::optional<rk::StartOffset> start;
  for (const std::string& text : texts) {
    auto& place = text.starts_with("e@") ? reader.end : start;
    if (place) throw rk::Error(rk::ErrorKind::kUsage, "-o " + text + ": it was given before");
    place = rk::ParseStartOffset(text.starts_with("e@") ? "s" + text.substr(1) : text);
  }
  reader.start = start.value_or(rk::ParseStartOffset(grouped ? "stored" : "beginning"));
  if (!grouped && reader.start.kind == rk::StartOffset::Kind::kStored)
    throw rk::Error(rk::ErrorKind::kUsage, "-o stored needs a group: name it with -G");
}

void FinishOptions(Options& options, const rk::Log& log) {
  rk::ReaderOptions& reader = options.reader;
  if (reader.topics.empty()) throw rk::Error(rk::ErrorKind::kUsage, "--topic is required");
  for (const std::string& topic : reader.topics) rk::CheckPattern(topic);
  reader.client = rk::MakeClientSettings(options.kafka, log);
  if (reader.group.empty()) reader.group = reader.client.Find("group.id").value_or("");
  if (!options.partitions.empty()) reader.partitions = ParsePartitions(options.partitions);
  if (reader.group.empty() && !reader.partitions) reader.partitions.emplace();
  if (reader.commit_sent && reader.group.empty())
    throw rk::Error(rk::ErrorKind::kUsage, "--commit=sent needs a group: name it with -G");
  ParseOffsets(options.offsets, reader);
  reader.batch.timeout = std::chrono::milliseconds(options.batch_timeout_ms);
}

/// The format of text, nullopt for frames. People at a terminal get JSON.
std::optional<rk::RecordFormat> TextFormat(const Options& options) {
  const bool frames_asked = options.format.has_value() || options.link.out != "-";
  const std::string text =
      options.format.value_or(!frames_asked && isatty(STDOUT_FILENO) == 1 ? "json" : "frame");
  const bool frames = text == "frame";
  if (!frames && options.link.out != "-")
    throw rk::Error(rk::ErrorKind::kUsage, "--format is for standard output, not for --out");
  if (frames && options.reader.commit_sent)
    throw rk::Error(rk::ErrorKind::kUsage,
                    "--commit=sent is for text (--format): frames are acknowledged");
  if (frames) return std::nullopt;
  return rk::RecordFormat(text);
}

std::unique_ptr<rk::Sink> OpenOutput(const Options& options, rk::Stage& stage) {
  if (auto format = TextFormat(options))
    return std::make_unique<rk::TextSink>(STDOUT_FILENO, std::move(*format));
  return rk::OpenSink(options.link, stage);
}

void ReadLines(const Options& options, rk::Stage& stage) {
  TextFormat(options);
  rk::LineReaderOptions lines;
  lines.path = options.from;
  lines.batch_records = options.reader.batch.records;
  lines.batch_bytes = options.reader.batch.bytes;
  lines.count = options.reader.count;
  lines.window = options.reader.window;
  if (stage.check) return rk::CheckLines(lines.path);
  const auto sink = OpenOutput(options, stage);
  rk::LineReader running(lines, *sink, stage);
  stage.Ready();
  running.Run();
}

void ReadKafka(Options& options, rk::Stage& stage) {
  rk::ReaderOptions& reader = options.reader;
  FinishOptions(options, stage.log);
  TextFormat(options);
  if (stage.check) return rk::CheckReader(reader, stage.log);
  if (reader.count == 0 && !reader.group.empty()) return rk::SetGroupOffsets(reader, stage.log);
  const auto sink = OpenOutput(options, stage);
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
        options.from.empty() ? ReadKafka(options, stage) : ReadLines(options, stage);
      });
}
