// rk-run: a whole pipeline: wires, replicates, scales and supervises its stages.
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "lib/base/environment.h"
#include "lib/base/error.h"
#include "lib/run/init_process.h"
#include "lib/run/pipeline.h"
#include "lib/run/pipeline_file.h"
#include "lib/run/resolve.h"
#include "lib/run/runner.h"
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

struct Options {
  std::string pipeline;
  std::string name;
  std::vector<std::string> replicas;
  bool check = false;
  bool dry_run = false;
  std::string status;
  std::string probe;
  std::string instance;
  std::optional<double> cpus;
};

void AddOptions(CLI::App& app, Options& options) {
  app.add_option("PIPELINE", options.pipeline, "a file, or stages separated by |")
      ->option_text(" ");
  app.add_option("--replicas", options.replicas, "initial number of replicas of a stage")
      ->option_text("STAGE=N")
      ->allow_extra_args(false);
  app.add_option("--name", options.name, "pipeline name (default: the file's)")
      ->option_text("NAME");
  app.add_option("--instance", options.instance, "begins the readers' group.instance.id")
      ->option_text("ID=HOST-NAME");
  app.add_option("--cpus", options.cpus, "cores to scale to (default: [run] cpus or all)")
      ->option_text("N")
      ->check(CLI::NonNegativeNumber);
  auto* check = app.add_flag("--check", options.check, "check that it could start, and exit")
                    ->option_text(" ");
  auto* dry_run =
      app.add_flag("--dry-run", options.dry_run, "print a shell script that does the same")
          ->option_text(" ");
  auto* status =
      app.add_flag("--status{table}", options.status, "state of the running pipeline, as a table")
          ->option_text("[=json|=prometheus]")
          ->check(CLI::IsMember({"table", "json", "prometheus"}));
  auto* probe = app.add_option("--probe", options.probe, "exit 0 if the running pipeline is that")
                    ->option_text("ready|alive")
                    ->check(CLI::IsMember({"ready", "alive"}));
  check->excludes(dry_run)->excludes(status)->excludes(probe);
  dry_run->excludes(status)->excludes(probe);
  status->excludes(probe);
}

/// The exit status of --status while not every stage has been ready, and of --probe=ready.
constexpr int kStillStarting = 3;

rk::Pipeline Load(const Options& options) {
  const bool is_line = options.pipeline.find_first_of("| \t\n") != std::string::npos &&
                       !std::filesystem::is_regular_file(options.pipeline);
  if (options.pipeline.empty()) {
    throw rk::Error(rk::ErrorKind::kUsage, "no pipeline: give a file or a line of stages");
  }
  rk::Pipeline pipeline = is_line ? rk::ParsePipelineLine(options.pipeline, rk::Environment)
                                  : rk::ReadPipelineFile(options.pipeline, rk::Environment);
  if (!options.name.empty()) pipeline.name = options.name;
  pipeline.instance = options.instance;
  pipeline.cpus = options.cpus.value_or(pipeline.cpus);
  for (const std::string& text : options.replicas) rk::ApplyReplicas(pipeline, text);
  return pipeline;
}

std::string NameOf(const Options& options) {
  return options.name.empty() ? Load(options).name : options.name;
}

rk::Pipeline Resolve(const Options& options, const rk::Stage& stage) {
  rk::Pipeline pipeline = rk::ResolvePipeline(Load(options), rk::AskToolOptions);
  pipeline.log_options = stage.log_options;
  return pipeline;
}

void Print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    throw rk::Error(rk::ErrorKind::kIo, "cannot write to stdout");
  }
}

int Check(const Options& options, rk::Stage& stage) {
  const rk::Log& log = stage.log;
  const rk::Pipeline pipeline = Resolve(options, stage);
  const int status = rk::CheckStages(pipeline, log);
  if (status == 0) log(rk::LogLevel::kInfo, pipeline.name + " could start");
  return status;
}

int Run(const Options& options, rk::Stage& stage) {
  if (options.probe == "ready") return rk::IsReady(NameOf(options)) ? 0 : kStillStarting;
  if (options.probe == "alive") return rk::RequireAlive(NameOf(options)), 0;
  if (!options.status.empty()) {
    const rk::RunningStatus status = rk::ReadStatus(NameOf(options), options.status);
    Print(status.text);
    return status.starting ? kStillStarting : 0;
  }
  if (options.check) return Check(options, stage);
  if (options.dry_run) {
    const rk::Pipeline pipeline = Resolve(options, stage);
    Print(
        rk::ShellScript(rk::Wire(pipeline, std::string(rk::kShellDirectory),
                                 rk::PartitionsOf(pipeline, stage.log), rk::InstanceOf(pipeline))));
    return 0;
  }
  return rk::RunPipeline([&] { return Resolve(options, stage); }, stage);
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto status = rk::LeaveWorkToChild()) return *status;
  Options options;
  int status = 0;  // of the stage that ended the pipeline
  const int own = rk::ToolMain(
      kInfo, argc, argv, [&](CLI::App& app) { AddOptions(app, options); },
      [&](rk::Stage& stage) { status = Run(options, stage); });
  return own != 0 ? own : status;
}
