#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/http/server.h"
#include "lib/run/command_line.h"
#include "lib/run/test_spec.h"
#include "lib/run/tool_options.h"

namespace rk {

/// Which machines run a stage.
enum class Hosts {
  kHere,    ///< the one with the ends
  kOthers,  ///< those that join
  kAny,     ///< both
};

/// One stage as a pipeline describes it: the command, and how many of it.
struct StageSpec {
  std::string name;
  std::vector<std::string> argv;  ///< as written: without links
  bool per_partition = false;     ///< a reader for each partition of its topic
  bool exactly_once = false;      ///< a writer's; its reader's too once that is resolved
  size_t replicas = 1;            ///< where it starts
  size_t min = 1;
  size_t max = 1;
  size_t scale_up_above = 200;       ///< records that wait before it
  size_t scale_down_below = 20;      ///< records that wait before it
  std::vector<std::string> devices;  ///< handed out to replicas in turn; empty: as argv says
  std::optional<double> cpus;        ///< what a replica counts for; nullopt until it is resolved
  Hosts hosts = Hosts::kHere;
  std::string where;    ///< of its command, as the beginning of a message
  ToolOptions options;  ///< what argv means; empty until ResolvePipeline()

  std::string tool() const;  ///< the command's base name: rk-read, rk-map, rk-infer or rk-write
  bool parallel() const { return max > 1 || per_partition; }
  /// It reads the lines that rk-run is given. Known once it is resolved.
  bool reads_stdin() const;
};

/// How a pipeline is spread over machines: the sockets of its stages that run elsewhere are on the
/// machine with the ends, two ports for each in the pipeline's order.
struct Spread {
  std::string listen;     ///< tcp://ADDRESS:PORT of the first, on the machine with the ends
  std::string join;       ///< the same, on another machine
  std::string stage;      ///< the only one that runs on that
  size_t first_port = 0;  ///< which of the ports are that one's, from 0
  std::string keys;       ///< a KeyFolder; empty: none
};

/// What rk-run runs: rk-read first, rk-write last, what there is between them in order.
struct Pipeline {
  std::string name;
  double cpus = 1;  ///< what replicas above their stages' min may count for together
  std::vector<StageSpec> stages;
  std::vector<std::string> log_options = {};  ///< of rk-run itself, for its stages: -q, -v, …
  std::vector<TestSpec> tests = {};           ///< of the stages in the middle
  HttpServer::Options http = {};  ///< where it can be looked at; without an address nowhere
  Spread spread = {};
  std::string instance = {};  ///< begins its readers' group.instance.id; empty: HOST-NAME
};

/// The settings of a stage where they are given; what is not has its default.
struct StageDraft {
  std::string name;
  std::optional<std::string> exec;
  std::optional<bool> per_partition;
  std::optional<bool> exactly_once;
  std::map<std::string, size_t, std::less<>> counts;  ///< replicas, min, max, scale_…
  std::optional<std::vector<std::string>> devices;
  std::optional<double> cpus;
  std::optional<std::string> hosts;
  /// Where `key` of it stands, as the beginning of a message: `credit.toml:12: infer.max`.
  std::function<std::string(std::string_view key)> where;
};

/// Checks a stage and fills in the defaults. Throws Error(kConfiguration) that says where, what is
/// wrong, and what is allowed.
StageSpec FinishStage(const StageDraft& draft, const Variables& variables);

/// Checks how the stages stand together. `source` begins the message.
void CheckPipeline(const Pipeline& pipeline, const std::string& source);

/// A line as a shell would take it; stages are named after their tools, and the pipeline
/// `line-` and a hash of it, so that it is the same when it is started again. `replicas` says how
/// many there are of which stage.
Pipeline ParsePipelineLine(const std::string& line, const Variables& variables);

/// NAME=N, of --replicas: that many of a stage to start with. Throws Error(kUsage).
void ApplyReplicas(Pipeline& pipeline, const std::string& text);

}  // namespace rk
