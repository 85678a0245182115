#pragma once

#include <optional>
#include <string_view>

#include "lib/observe/pipeline_status.h"

namespace rk {

/// The way back from StatusJson(): what is in there, without the metrics. Nothing for what is no
/// such text.
std::optional<PipelineStatus> ParseStatusJson(std::string_view json);

}  // namespace rk
