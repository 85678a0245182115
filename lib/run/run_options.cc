#include "lib/run/run_options.h"

#include <filesystem>

#include <CLI/CLI.hpp>

#include "lib/base/environment.h"
#include "lib/base/error.h"
#include "lib/run/pipeline_dir.h"
#include "lib/run/pipeline_file.h"
#include "lib/run/resolve.h"
#include "lib/run/running.h"
#include "lib/run/spread.h"
#include "lib/run/tool_options.h"
#include "lib/stage/link_options.h"
#include "lib/stage/option_value.h"
#include "lib/stage/tool.h"

namespace rk {
namespace {

constexpr double kMostCpus = 1e6;  // as in a file

bool IsLine(const std::string& pipeline) {
  return pipeline.find_first_of("| \t\n") != std::string::npos &&
         !std::filesystem::is_regular_file(pipeline);
}

// What rk-run does instead of running the pipeline, one at a time.
void AddActions(CLI::App& app, RunOptions& options) {
  auto* test =
      app.add_flag("--test", options.test, "run the file's tests, without Kafka")->option_text(" ");
  app.add_option("--junit", options.junit, "with --test: write a report for CI")
      ->option_text("FILE")
      ->needs(test);
  const std::vector<CLI::Option*> actions = {
      test,
      app.add_flag("--check", options.check, "check that it could start, and exit")
          ->option_text(" "),
      app.add_flag("--dry-run", options.dry_run, "print a shell script that does the same")
          ->option_text(" "),
      app.add_flag("--graph{dot}", options.graph, "draw the pipeline, for Graphviz or as that")
          ->option_text("[=mermaid|=svg]")
          ->transform(OneOf({"dot", "mermaid", "svg"})),
      app.add_flag("--status{table}", options.status, "state of the running pipeline, as a table")
          ->option_text("[=json|=prometheus]")
          ->transform(OneOf({"table", "json", "prometheus"})),
      app.add_option("--probe", options.probe, "exit 0 if the running pipeline is that")
          ->option_text("ready|alive")
          ->transform(OneOf({"ready", "alive"}))};
  for (size_t one = 0; one < actions.size(); ++one) {
    for (size_t other = one + 1; other < actions.size(); ++other)
      actions[one]->excludes(actions[other]);
  }
}

void AddSpread(CLI::App& app, Spread& spread) {
  app.add_option("--listen", spread.listen, "where other machines join for stages with hosts")
      ->option_text("tcp://ADDRESS:PORT")
      ->check(CheckTcpAddress);
  auto* stage = app.add_option("--stage", spread.stage, "run only this stage, with --join")
                    ->option_text("STAGE")
                    ->check(CheckGiven);
  auto* join = app.add_option("--join", spread.join, "the machine that listens")
                   ->option_text("tcp://ADDRESS:PORT")
                   ->check(CheckTcpAddress)
                   ->needs(stage)
                   ->excludes("--listen");
  stage->needs(join);
  app.add_option("--keys", spread.keys, "keys for tcp://; without PIPELINE: make them")
      ->option_text("DIR")
      ->check(CheckGiven);
}

}  // namespace

void AddRunOptions(CLI::App& app, RunOptions& options) {
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
      ->transform(NumberBetween(0, kMostCpus));
  app.add_option("--http", options.http.address, "serve page and /metrics, as 127.0.0.1:9464")
      ->option_text("ADDRESS:PORT");
  app.add_option("--http-token-file", options.http.token_file, "token for whoever looks at --http")
      ->option_text("FILE");
  AddSpread(app, options.spread);
  AddActions(app, options);
}

Pipeline PipelineOf(const RunOptions& options) {
  if (options.pipeline.empty())
    throw Error(ErrorKind::kUsage, "no pipeline: give a file or a line of stages");
  Pipeline pipeline = IsLine(options.pipeline)
                          ? ParsePipelineLine(options.pipeline, Environment)
                          : ReadPipelineFile(options.pipeline, Environment, options.spread.stage);
  pipeline.spread = options.spread;
  if (!options.spread.keys.empty())
    pipeline.spread.keys = std::filesystem::absolute(options.spread.keys);
  if (!options.spread.join.empty()) KeepJoined(pipeline);
  if (!options.name.empty()) pipeline.name = options.name;
  pipeline.instance = options.instance;
  pipeline.cpus = options.cpus.value_or(pipeline.cpus);
  if (!options.http.address.empty()) pipeline.http.address = options.http.address;
  if (!options.http.token_file.empty()) pipeline.http.token_file = options.http.token_file;
  for (const std::string& text : options.replicas) ApplyReplicas(pipeline, text);
  return pipeline;
}

Pipeline ResolvedPipelineOf(const RunOptions& options, const Stage& stage) {
  Pipeline pipeline = PipelineOf(options);
  stage.log_origin->Supervise(pipeline.name);
  pipeline.log_options = stage.log_options;
  return ResolvePipeline(std::move(pipeline), AskToolOptions);
}

Pipeline StartablePipelineOf(const RunOptions& options, const Stage& stage) {
  Pipeline pipeline = ResolvedPipelineOf(options, stage);
  CheckSpread(pipeline);
  (void)PipelinePath(pipeline.name);
  if (!pipeline.http.address.empty()) CheckHttpOptions(pipeline.http);
  return pipeline;
}

std::string NameOf(const RunOptions& options) {
  if (!options.name.empty()) return options.name;
  return IsLine(options.pipeline) ? PipelineOf(options).name : RunningPipeline(options.pipeline);
}

}  // namespace rk
