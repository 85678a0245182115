// rk-run: a whole pipeline: wires, replicates, scales and supervises its stages.
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/key_folder.h"
#include "lib/run/graph.h"
#include "lib/run/init_process.h"
#include "lib/run/run_options.h"
#include "lib/run/runner.h"
#include "lib/run/test_runner.h"
#include "lib/run/wiring.h"
#include "lib/stage/tool.h"

namespace {

const rk::ToolInfo kInfo{
    "rk-run",
    "Runs a pipeline: starts, connects, replicates, scales and restarts its stages.\n"
    "PIPELINE is a file, or a command line as for a shell.",
    "Example:\n"
    "  rk-run --replicas infer=4 'rk-read -b localhost:9092 -t events -G credit |\n"
    "    rk-infer -m credit.pt | rk-write -b localhost:9092 -t decisions'\n"
    "  rk-run credit.toml",
    false};

/// The exit status of --test where a test has failed.
constexpr int kTestFailed = 1;
/// The exit status of --status while not every stage has been ready, and of --probe=ready.
constexpr int kStillStarting = 3;

void Print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    throw rk::Error(rk::ErrorKind::kIo, "cannot write to stdout");
  }
}

int Check(const rk::Pipeline& pipeline, const rk::Log& log) {
  const int status = rk::CheckStages(pipeline, log);
  if (status == 0) log(rk::LogLevel::kInfo, pipeline.name + " could start");
  return status;
}

/// --keys alone.
int MakeKeys(const std::string& folder) {
  const bool made = rk::MakeKeys(folder);
  Print(
      fmt::format("{0}/own.key {1}: copy it to other machines, to their DIR/peers/HOST.key,\n"
                  "where HOST is this one's address as they connect to it\n",
                  folder, made ? "was made" : "is there already"));
  return 0;
}

bool MakesKeys(const rk::RunOptions& options) {
  return options.pipeline.empty() && options.name.empty() && !options.spread.keys.empty();
}

/// Runs nothing that would have to be drained.
bool OnlyLooks(const rk::RunOptions& options) {
  return MakesKeys(options) || options.check || options.dry_run || options.test ||
         !options.graph.empty() || !options.status.empty() || !options.probe.empty();
}

int Run(const rk::RunOptions& options, rk::Stage& stage) {
  if (OnlyLooks(options)) stage.signals.EndAtOnce();
  if (MakesKeys(options)) return MakeKeys(options.spread.keys);
  if (options.probe == "ready") return rk::IsReady(rk::NameOf(options)) ? 0 : kStillStarting;
  if (options.probe == "alive") return rk::RequireAlive(rk::NameOf(options)), 0;
  if (!options.status.empty()) {
    const rk::RunningStatus status = rk::ReadStatus(rk::NameOf(options), options.status);
    Print(status.text);
    return status.starting ? kStillStarting : 0;
  }
  if (options.test)
    return rk::RunTests(rk::PipelineOf(options), options.junit, stage) ? 0 : kTestFailed;
  if (options.check) return Check(rk::StartablePipelineOf(options, stage), stage.log);
  if (!options.graph.empty()) {
    const rk::Graph graph = rk::GraphOf(rk::ResolvedPipelineOf(options, stage));
    Print(rk::GraphText(graph, options.graph));
    return 0;
  }
  if (options.dry_run) {
    const rk::Pipeline pipeline = rk::StartablePipelineOf(options, stage);
    Print(
        rk::ShellScript(rk::Wire(pipeline, std::string(rk::kShellDirectory),
                                 rk::PartitionsOf(pipeline, stage.log), rk::InstanceOf(pipeline))));
    return 0;
  }
  return rk::RunPipeline([&] { return rk::StartablePipelineOf(options, stage); }, stage);
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto status = rk::LeaveWorkToChild()) return *status;
  rk::RunOptions options;
  int status = 0;  // of the stage that ended the pipeline
  const int own = rk::ToolMain(
      kInfo, argc, argv, [&](CLI::App& app) { rk::AddRunOptions(app, options); },
      [&](rk::Stage& stage) { status = Run(options, stage); });
  return own != 0 ? own : status;
}
