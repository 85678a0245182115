// rk-read: Kafka → frames on a link, each kept until the writer acknowledges it.

#include <unistd.h>

#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "lib/base/error.h"
#include "lib/link/pipe.h"
#include "lib/read/line_reader.h"
#include "lib/read/listing.h"
#include "lib/read/open_reader.h"
#include "lib/read/read_progress.h"
#include "lib/read/reader_flags.h"
#include "lib/stage/link_options.h"
#include "lib/stage/option_value.h"
#include "lib/stage/stage_page.h"
#include "lib/stage/tool.h"
#include "lib/text/text_sink.h"

namespace {

const rk::ToolInfo kInfo = {
    "rk-read",
    "Reads Kafka topics as batches and keeps each until it is acknowledged.",
    "Example:\n  rk-read -t loans -G credit | rk-infer -m credit.pt | rk-write -t decisions\n",
};

struct Options {
  rk::ReaderFlags kafka;
  rk::LinkOptions link;
  std::string from;  ///< a file of lines instead of Kafka
  std::optional<std::string> format;
  bool json = false;
  bool list = false;
  rk::HttpServer::Options http;
};

void AddOptions(CLI::App& app, Options& options) {
  rk::AddReaderFlags(app, options.kafka);
  app.add_option("--from", options.from, "read lines of FILE (- is stdin) instead of Kafka")
      ->option_text("FILE")
      ->excludes("-t", "-G", "-p", "-o", "--instance", "--on-offset-loss", "--exactly-once");
  rk::AddBatchFlags(app, options.kafka);
  auto* format =
      app.add_option("-f,--format", options.format, "frame, json (-J), or as kcat -f: '%k %s\\n'")
          ->option_text("FORMAT=frame");
  app.add_flag("-J", options.json, "print JSON")->excludes(format)->group("");
  app.add_flag("-L,--list", options.list, "list topics, offsets, groups, lag; -J: JSON")
      ->option_text(" ")
      ->excludes("--from", "-p", "-o", "-c", "-f");
  app.add_option_function<std::string>(
         "--commit", [&](const std::string&) { options.kafka.reader.commit_sent = true; },
         "commit text once it is written")
      ->option_text("sent")
      ->transform(rk::OneOf({"sent"}));
  rk::AddOutputOptions(app, options.link);
  rk::AddMaxFrameOption(app, options.link);
  rk::AddSocketOptions(app, options.link);
  rk::AddAckOption(app, options.link);
  rk::AddHttpOptions(app, options.http);
}

/// The format of text, nullopt for frames. People at a terminal get JSON.
std::optional<rk::RecordFormat> TextFormat(const Options& options, const rk::Stage& stage) {
  const bool asked = options.format.has_value() || options.link.out != "-";
  const bool json = options.json || (!asked && isatty(stage.output) == 1);
  const std::string text = options.format.value_or(json ? "json" : "frame");
  const bool frames = text == "frame";
  if (!frames && options.link.out != "-")
    throw rk::Error(rk::ErrorKind::kUsage, "--format is for standard output, not for --out");
  if (frames && options.kafka.reader.commit_sent)
    throw rk::Error(rk::ErrorKind::kUsage,
                    "--commit=sent is for text (--format): frames are acknowledged");
  if (!frames && options.kafka.reader.exactly_once)
    throw rk::Error(rk::ErrorKind::kUsage, "--exactly-once is for frames, not for --format");
  return frames ? std::nullopt : std::optional(rk::RecordFormat(text));
}

std::unique_ptr<rk::Sink> OpenOutput(const Options& options, rk::Stage& stage) {
  if (auto format = TextFormat(options, stage))
    return std::make_unique<rk::TextSink>(stage.output, std::move(*format));
  return rk::OpenSink(options.link, stage);
}

void ReadLines(const Options& options, rk::Stage& stage) {
  TextFormat(options, stage);
  rk::LineReaderOptions lines;
  lines.path = options.from;
  lines.batch_records = options.kafka.reader.batch.records;
  lines.batch_bytes = options.kafka.reader.batch.bytes;
  lines.count = options.kafka.reader.count;
  lines.window = options.kafka.reader.window;
  lines.ack = rk::AckAddress(options.link);
  if (stage.check) return rk::CheckLines(lines.path);
  const auto sink = OpenOutput(options, stage);
  rk::LineReader running(lines, *sink, stage);
  stage.Ready();
  running.Run();
}

void List(const Options& options, const rk::Stage& stage) {
  stage.signals.EndAtOnce();
  const rk::ClusterDescription cluster = rk::ListCluster(options.kafka, stage.log);
  rk::WriteOutput(stage.output, options.json ? rk::ListingJson(cluster) : rk::ListingText(cluster));
}

void ReadKafka(const Options& options, rk::Stage& stage) {
  rk::ReaderOptions reader = rk::MakeReaderOptions(options.kafka, stage.log);
  reader.ack = rk::AckAddress(options.link);
  TextFormat(options, stage);
  if (stage.check) return rk::CheckReader(reader, stage.log);
  if (reader.count == 0 && !reader.group.empty()) {
    stage.signals.EndAtOnce();
    return rk::SetGroupOffsets(reader, stage.log);
  }
  const auto sink = OpenOutput(options, stage);
  const auto running = rk::OpenReader(reader, *sink, stage);
  const auto progress = rk::ShowReading(reader, *running, stage);
  stage.Ready();
  running->Run();
}

/// What rk-run wires readers by.
rk::OptionFacts FactsOf(const Options& options) {
  if (!options.from.empty()) return {};
  const rk::ClientSettings client = rk::ReadClientSettings(options.kafka.kafka);
  const std::string& group = options.kafka.reader.group;
  return {{"group", {group.empty() ? client.Find("group.id").value_or("") : group}},
          {"brokers", {rk::BrokersOf(client)}}};
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return rk::ToolMain(
      kInfo, argc, argv, [&](CLI::App& app) { AddOptions(app, options); },
      [&](rk::Stage& stage) {
        rk::BlankSecrets(argc, argv);
        if (options.list) return List(options, stage);
        rk::CheckLinks(options.link);
        const rk::StagePage page(options.http, stage);
        options.from.empty() ? ReadKafka(options, stage) : ReadLines(options, stage);
      },
      [&] { return FactsOf(options); });
}
