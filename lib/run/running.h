#pragma once

#include <string>
#include <vector>

namespace rk {

/// The pipelines of this user that run on this machine, by name, in order.
std::vector<std::string> RunningPipelines();

/// The name of the running pipeline that `pipeline` means: that in a file (PipelineNameIn()), or a
/// name. Empty: the only one that runs. Throws Error(kUnavailable) if there is none, Error(kUsage)
/// that names them if there are several, and what reading the file throws.
std::string RunningPipeline(const std::string& pipeline);

}  // namespace rk
