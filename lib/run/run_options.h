#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/run/pipeline.h"

namespace CLI {
class App;
}

namespace rk {

struct Stage;

/// What rk-run is told on its command line.
struct RunOptions {
  std::string pipeline;  ///< a file, or a line of stages
  std::string name;
  std::vector<std::string> replicas;  ///< each STAGE=N
  std::string instance;
  std::optional<double> cpus;
  Spread spread;
  HttpServer::Options http;  ///< where to look at it; without an address: not asked for
  bool check = false;
  bool dry_run = false;
  bool test = false;
  std::string junit;   ///< a file for what --test finds
  std::string graph;   ///< dot, mermaid, svg; empty: not asked for
  std::string status;  ///< the form to print it in; empty: not asked for
  std::string probe;   ///< ready, alive; empty: not asked for
};

void AddRunOptions(CLI::App& app, RunOptions& options);

/// The pipeline as it is written, with what the options say of it. Throws what reading it throws,
/// and Error(kUsage).
Pipeline PipelineOf(const RunOptions& options);

/// The same after ResolvePipeline(), its stages logging as `stage` does.
Pipeline ResolvedPipelineOf(const RunOptions& options, const Stage& stage);

/// That one, if its name and its http would do for a start too. Throws Error.
Pipeline StartablePipelineOf(const RunOptions& options, const Stage& stage);

/// The name that it runs under, for who asks about it: that of a file, which need not be one that
/// could start here, or the only one that runs. Throws as RunningPipeline() does.
std::string NameOf(const RunOptions& options);

}  // namespace rk
