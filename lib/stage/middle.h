#pragma once

#include <functional>

#include "lib/batch/frame.h"
#include "lib/link/sink.h"
#include "lib/link/source.h"

namespace rk {

/// The loop of a stage that is no end: each frame that comes is handed to `transform` and what that
/// returns is sent on, exactly once, under the identity it came with (DESIGN I2); until END, which
/// is passed on. Notices within 1 s that its output is gone, also when nothing comes.
/// Throws what source, sink and transform throw.
void RunMiddle(Source& source, Sink& sink, const std::function<Frame(const Frame&)>& transform);

}  // namespace rk
