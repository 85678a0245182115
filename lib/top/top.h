#pragma once

#include <functional>
#include <optional>
#include <string>

#include "lib/observe/pipeline_status.h"

namespace rk {

/// The status of a running pipeline as it is now. Throws Error(kUnavailable) if it does not run.
using ReadPipelineStatus = std::function<PipelineStatus()>;

/// As text, 80 columns wide or, at a terminal, as wide as that.
std::string TopOnce(const ReadPipelineStatus& read);

/// On the terminal, until q, or `drain_fd` is readable. Throws what Screen and the first status
/// throw; later a pipeline that is gone is only said.
void RunTop(const ReadPipelineStatus& read, int drain_fd);

}  // namespace rk
