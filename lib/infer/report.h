#pragma once

#include "lib/infer/warm_model.h"
#include "lib/observe/metrics.h"

namespace rk {

/// Has what is done with `options` counted in `metrics`: records, failures and calls, and the time
/// of a call. The metrics live longer than the options' users.
void ReportTo(Metrics& metrics, InferOptions& options);

}  // namespace rk
