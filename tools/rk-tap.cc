// rk-tap: the records that pass a stage of a running pipeline, as they pass.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"
#include "lib/codec/json/list.h"
#include "lib/run/pipeline_dir.h"
#include "lib/run/runner.h"
#include "lib/run/running.h"
#include "lib/stage/option_value.h"
#include "lib/stage/tool.h"
#include "lib/tap/listener.h"
#include "lib/text/tap_printer.h"

namespace {

const rk::ToolInfo kInfo{"rk-tap",
                         "Shows records that pass a stage of a running pipeline, some of them, as\n"
                         "they pass, without holding anything up.",
                         "Example:\n"
                         "  rk-tap credit infer --failed -n 10",
                         false};

struct Options {
  std::string pipeline;
  std::string stage;
  size_t count = 0;
  rk::TapRequest request;
  std::string format;
};

void AddOptions(CLI::App& app, Options& options) {
  app.add_option("PIPELINE", options.pipeline, "name or file (default: the only one that runs)")
      ->option_text(" ");
  app.add_option("STAGE", options.stage, "stage to listen to (default: the writer)")
      ->option_text(" ");
  app.add_option("-n,--count", options.count, "exit after N records")
      ->option_text("N")
      ->transform(rk::WholeNumber(1));
  app.add_flag("--failed", options.request.failed, "only records that failed, with the reason");
  app.add_option("--rate", options.request.rate, "show at most N records a second")
      ->option_text("N=10")
      ->transform(rk::WholeNumber(1, rk::TapRequest::kMostRate));
  app.add_option("--cut", options.request.cut, "show at most N bytes of a value")
      ->option_text("N=1000")
      ->transform(rk::WholeNumber(1, rk::TapRequest::kMostCut));
  app.add_option("-f,--format", options.format, "as rk-read -f: '%k %s\\n', or json")
      ->option_text("FORMAT");
}

/// The stage of that name, or the last one, of the running pipeline.
std::string StageOf(const std::string& stage, const std::string& pipeline) {
  std::vector<std::string> stages =
      rk::ListStrings(rk::ReadStatus(pipeline, "json").text, "stages", "stage");
  std::erase_if(stages, [](const std::string& name) { return name.ends_with("-balance"); });
  if (stage.empty() && !stages.empty()) return stages.back();
  if (std::ranges::find(stages, stage) == stages.end())
    throw rk::Error(rk::ErrorKind::kUsage, fmt::format("{} has no stage '{}': its stages are {}",
                                                       pipeline, stage, fmt::join(stages, ", ")));
  return stage;
}

void Run(const Options& options, rk::Stage& stage) {
  rk::TapPrinter printer(options.format, options.request.rate, options.count, STDOUT_FILENO);
  const std::string name = rk::RunningPipeline(options.pipeline);
  const std::string directory = rk::PipelinePath(name);
  rk::TapListener listener(directory, StageOf(options.stage, name), options.request);
  const auto print = [&](const std::string& replica, const rk::Frame& frame) {
    printer.Print(replica, frame);
  };
  // What is under way when it ends is still heard.
  while (!stage.signals.draining() && !printer.done()) {
    listener.Listen(std::chrono::seconds(1), stage.signals.drain_fd(), print);
    if (!listener.connected() && !rk::IsRunning(directory)) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return rk::ToolMain(
      kInfo, argc, argv, [&](CLI::App& app) { AddOptions(app, options); },
      [&](rk::Stage& stage) { Run(options, stage); });
}
