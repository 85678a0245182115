#pragma once

#include "lib/run/pipeline.h"
#include "lib/run/tool_options.h"

namespace rk {

/// Has each stage's tool say what its command means (StageSpec::options), fills in what depends on
/// that, and checks it: links that are rk-run's to give, readers without a group that are several,
/// frames that are too large for the next stage, a topic that is written and read again. Throws
/// Error(kConfiguration) that says where and what, and what `ask` throws. One thread.
Pipeline ResolvePipeline(Pipeline pipeline, const AskTools& ask);

}  // namespace rk
