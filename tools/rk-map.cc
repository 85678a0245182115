// rk-map: a function on the records that go by.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "lib/base/error.h"
#include "lib/map/coprocess.h"
#include "lib/map/drop.h"
#include "lib/map/exec.h"
#include "lib/map/filter.h"
#include "lib/map/stamp.h"
#include "lib/stage/link_options.h"
#include "lib/stage/middle.h"
#include "lib/stage/option_value.h"
#include "lib/stage/tool.h"

namespace {

const rk::ToolInfo kInfo = {
    "rk-map",
    "Applies a function to the JSON object in each record's value: --stamp, --exec,\n"
    "--filter or --drop. To apply several, join them with pipes.",
    "Example:\n"
    "  rk-read -b localhost:9092 -t events -G views |\n"
    "    rk-map --filter 'type=view' | rk-map --exec 'jq -c --unbuffered .n+=1' |\n"
    "    rk-write -b localhost:9092 -t views\n",
    true,
    false,
    false,
    true,
};

struct Options {
  bool stamp = false;
  std::string exec;
  rk::ExecFormat exec_format;
  double exec_timeout_s = 30;
  std::string filter;
  std::vector<std::string> drop;
  rk::Tombstones tombstones = rk::Tombstones::kPass;
  rk::LinkOptions link;
};

void AddOptions(CLI::App& app, Options& options) {
  app.add_flag("--stamp", options.stamp, "add processed_at, in seconds, and status");
  app.add_option("--exec", options.exec,
                 "shell command, kept running: reads one object\n"
                 "per line and answers each with one, keeping _rk")
      ->option_text("CMD");
  app.add_option("--batch", options.exec_format.array,
                 "give CMD up to N records per line, in an array")
      ->option_text("N")
      ->transform(rk::WholeNumber(1, uint64_t{1} << 20));
  app.add_flag("--meta", options.exec_format.meta,
               "give CMD key, headers, topic, partition, offset\n"
               "and timestamp, in _rk");
  app.add_option("--filter", options.filter,
                 "keep only records with FIELD=VALUE (also != <\n<= > >=)")
      ->option_text("EXPR");
  app.add_option("--drop", options.drop, "remove a field; repeatable")
      ->option_text("FIELD")
      ->allow_extra_args(false);
  app.add_option("--exec-timeout", options.exec_timeout_s,
                 "restart CMD after this long without an answer")
      ->option_text("SECONDS=30")
      ->transform(rk::NumberBetween(0.001, 86400.0));
  rk::AddTombstonesOption(app, options.tombstones);
  rk::AddInputOptions(app, options.link);
  rk::AddOutputOptions(app, options.link);
  rk::AddSocketOptions(app, options.link);
}

void CheckOptions(const Options& options) {
  if (options.stamp + !options.exec.empty() + !options.filter.empty() + !options.drop.empty() !=
      1) {
    throw rk::Error(rk::ErrorKind::kUsage,
                    "give one of --stamp, --exec CMD, --filter EXPR or --drop FIELD; to combine "
                    "them, join several rk-map");
  }
  if (options.exec.empty() && (options.exec_format.array > 0 || options.exec_format.meta)) {
    throw rk::Error(rk::ErrorKind::kUsage, "--batch and --meta are for --exec CMD");
  }
}

std::unique_ptr<rk::Mapper> MakeMapper(const Options& options) {
  if (options.stamp) return std::make_unique<rk::Stamp>();
  if (!options.filter.empty()) return std::make_unique<rk::Filter>(options.filter);
  if (!options.drop.empty()) return std::make_unique<rk::Drop>(options.drop);
  return nullptr;
}

// Not for a check: running a program may change anything.
std::unique_ptr<rk::Exec> MakeExec(const Options& options, const rk::Stage& stage) {
  if (options.exec.empty() || stage.check) return nullptr;
  const auto silence = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::duration<double>(options.exec_timeout_s));
  return std::make_unique<rk::Exec>(
      rk::CoprocessStarter(options.exec, silence, options.link.max_frame), options.exec_format,
      stage.log);
}

void Run(const Options& options, rk::Stage& stage) {
  CheckOptions(options);
  rk::CheckLinks(options.link);
  const auto mapper = MakeMapper(options);
  const auto exec = MakeExec(options, stage);
  if (stage.check) return;
  const auto sink = rk::OpenSink(options.link, stage);
  const auto source = rk::OpenSource(options.link, rk::Holds::kUntilSent, stage);
  stage.Ready();
  rk::Metric& records = stage.metrics.Counter("records_in");
  rk::Metric& failed = stage.metrics.Counter("failed");
  rk::Metric& filtered = stage.metrics.Counter("filtered");
  rk::Histogram& took = stage.metrics.Histogram("batch_seconds");
  const auto count = [&](const rk::MapCounts& counts) {
    records.Set(counts.records);
    failed.Set(counts.failed);
    filtered.Set(counts.filtered);
  };
  if (exec) {
    exec->Treat(options.tombstones);
    exec->OnWork(count);
    return rk::RunMiddle(*source, *sink, stage.signals.drain_fd(), *exec, &took);
  }
  mapper->Treat(options.tombstones);
  const auto map = [&](const rk::Frame& frame) {
    rk::Frame result = mapper->Run(frame);
    count(mapper->counts());
    return result;
  };
  rk::RunMiddle(*source, *sink, stage.signals.drain_fd(), map, &took);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return rk::ToolMain(
      kInfo, argc, argv, [&](CLI::App& app) { AddOptions(app, options); },
      [&](rk::Stage& stage) { Run(options, stage); });
}
