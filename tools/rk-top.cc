// rk-top: how a running pipeline is doing, live.
#include <unistd.h>

#include <string>

#include <CLI/CLI.hpp>

#include "lib/base/error.h"
#include "lib/link/pipe.h"
#include "lib/run/runner.h"
#include "lib/run/running.h"
#include "lib/stage/tool.h"
#include "lib/top/status_json.h"
#include "lib/top/top.h"

namespace {

const rk::ToolInfo kInfo{
    "rk-top",
    "Shows what each stage of a pipeline that rk-run runs is doing, live.\n"
    "Keys: q quit, p pause, left and right sort, r reverse, up and down scroll.",
    "Example:\n"
    "  rk-top credit",
    false};

struct Options {
  std::string pipeline;
  bool once = false;
};

void AddOptions(CLI::App& app, Options& options) {
  app.add_option("PIPELINE", options.pipeline, "name or file (default: the only one that runs)")
      ->option_text(" ");
  app.add_flag("--once", options.once, "print the state once and exit");
}

rk::PipelineStatus Read(const std::string& name) {
  const auto status = rk::ParseStatusJson(rk::ReadStatus(name, "json").text);
  if (!status) throw rk::Error(rk::ErrorKind::kBadData, name + ": its status is not readable");
  return *status;
}

void Run(const Options& options, rk::Stage& stage) {
  const std::string name = rk::RunningPipeline(options.pipeline);
  const auto read = [&name] { return Read(name); };
  if (options.once) stage.signals.EndAtOnce();
  if (options.once) return rk::WriteOutput(STDOUT_FILENO, rk::TopOnce(read));
  rk::RunTop(read, stage.signals.drain_fd());
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return rk::ToolMain(
      kInfo, argc, argv, [&](CLI::App& app) { AddOptions(app, options); },
      [&](rk::Stage& stage) { Run(options, stage); });
}
