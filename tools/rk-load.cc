// rk-load: records at their scheduled time, and what became of them.
#include <cstdio>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/kafka/kafka_options.h"
#include "lib/load/load.h"
#include "lib/stage/option_value.h"
#include "lib/stage/tool.h"

namespace {

const rk::ToolInfo kInfo{
    "rk-load",
    "Sends records to a topic on a schedule and measures what comes out at the other\n"
    "end: loss, duplicates, order and latency.",
    "Example:\n"
    "  rk-load -t applications --rate 500 -l applications.ndjson \\\n"
    "    --output decisions --expect 'loss=0,duplicates=0,p99<50ms'",
    false};

struct Options {
  rk::KafkaOptions kafka;
  rk::LoadOptions load;
  std::string profile = "constant";
  std::string file;
  std::optional<std::string> expect;
  size_t size = 100;
  double duration_s = 10;
  double patience_s = 10;
};

void AddOptions(CLI::App& app, Options& options) {
  const CLI::Validator positive = rk::NumberBetween(1e-3, 1e9);
  rk::AddKafkaOptions(app, options.kafka);
  app.add_option("-t,--topic", options.load.topic, "topic to send to")
      ->required()
      ->option_text("TOPIC");
  app.add_option("--output", options.load.output, "topic where the results arrive")
      ->option_text("TOPIC");
  app.add_option("--rate", options.load.rate, "records per second")
      ->option_text("N=1000")
      ->transform(positive);
  app.add_option("--profile", options.profile, "constant, burst or ramp")
      ->option_text("PROFILE=constant")
      ->transform(rk::OneOf({"constant", "burst", "ramp"}));
  app.add_option("--duration", options.duration_s, "how long to send")
      ->option_text("SECONDS=10")
      ->transform(positive);
  app.add_option("--keys", options.load.keys, "number of keys, used in turn")
      ->option_text("N=100")
      ->transform(rk::WholeNumber(1, uint64_t{1} << 24));
  app.add_option("-l,--lines", options.file, "send the JSON objects of this file, in turn")
      ->option_text("FILE");
  app.add_option("--size", options.size, "without -l: padding per record, in bytes")
      ->option_text("BYTES=100")
      ->transform(rk::WholeNumber(0, uint64_t{1} << 26));
  app.add_option("--patience", options.patience_s, "how long to wait for results")
      ->option_text("SECONDS=10")
      ->transform(positive);
  app.add_option("--expect", options.expect, "loss=0,p99<50ms,... or exit 65")
      ->option_text("CONDITIONS");
}

void Run(Options& options, rk::Stage& stage) {
  rk::LoadOptions& load = options.load;
  load.client = rk::MakeClientSettings(options.kafka, stage.log);
  load.profile = rk::ParseProfile(options.profile);
  load.duration = std::chrono::duration<double>(options.duration_s);
  load.patience = std::chrono::duration<double>(options.patience_s);
  std::vector<rk::Expectation> expected;
  if (options.expect) expected = rk::ParseExpectations(*options.expect);
  if (!expected.empty() && load.output.empty()) {
    throw rk::Error(rk::ErrorKind::kUsage, "--expect needs --output: the topic to measure at");
  }
  if (options.file.empty()) {
    load.bodies = {R"({"filling":")" + std::string(options.size, 'x') + R"("})"};
  } else {
    load.bodies = rk::ReadBodies(options.file);
  }
  const rk::Measurements measured = rk::RunLoad(load, stage);
  if (std::printf("%s\n", rk::ToJson(measured).c_str()) < 0 || std::fflush(stdout) != 0) {
    throw rk::Error(rk::ErrorKind::kIo, "cannot write the result to stdout");
  }
  const auto unmet = rk::Unmet(expected, measured);
  if (unmet.empty()) return;
  throw rk::Error(rk::ErrorKind::kBadData,
                  fmt::format("does not hold: {}", fmt::join(unmet, ", ")));
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
