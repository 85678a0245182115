#pragma once

#include "lib/observe/metrics.h"
#include "lib/read/window.h"

namespace rk {

/// From now on `metrics`, which outlive the window, say how old records were when they were
/// acknowledged: since the earliest Kafka timestamp of their batch, or, where it has none, since it
/// was read.
void MeasureEndToEnd(Window& window, Metrics& metrics);

}  // namespace rk
