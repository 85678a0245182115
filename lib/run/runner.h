#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "lib/run/pipeline.h"
#include "lib/stage/tool.h"

namespace rk {

/// Where rk-run finds the pipeline, again at each SIGHUP.
using LoadPipeline = std::function<Pipeline()>;

/// How many partitions the reader's topic has, where the pipeline has a reader for each; else 1.
/// Throws what asking the brokers throws.
size_t PartitionsOf(const Pipeline& pipeline, const Log& log);

/// Begins the group.instance.id of the pipeline's readers: what it says itself, else HOST-NAME.
std::string InstanceOf(const Pipeline& pipeline);

/// Runs the pipeline until it is over. Returns the exit status: 0, or that of the stage that ended
/// it. Throws Error before anything runs.
int RunPipeline(const LoadPipeline& load, Stage& stage);

/// Runs each different command with --check, one after the other. Returns 0, or the first exit
/// status that is not, having logged which stages could not start.
int CheckStages(const Pipeline& pipeline, const Log& log);

/// What RunPipeline last wrote of the running pipeline of that name, in the form "table", "json" or
/// "prometheus". Throws Error(kUnavailable) if there is none running.
struct RunningStatus {
  std::string text;
  bool starting = false;  ///< not every stage has been ready yet
};
RunningStatus ReadStatus(const std::string& name, const std::string& form);

/// For a probe. True once every stage of the running pipeline has been ready and every reader of a
/// group has had an answer from it. Throws as ReadStatus does.
bool IsReady(const std::string& name);

/// Throws Error(kUnavailable) unless the running pipeline's supervisor has turned within the last
/// kLongestTurn; what the brokers, the models and the records do has no part in it.
void RequireAlive(const std::string& name);
inline constexpr std::chrono::seconds kLongestTurn{15};

}  // namespace rk
