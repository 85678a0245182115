#pragma once

#include <functional>

#include "lib/batch/frame.h"
#include "lib/link/sink.h"
#include "lib/link/source.h"

namespace rk {

/// The loop of a stage that is no end: each frame that comes is handed to `transform` and what that
/// returns is sent on, exactly once, under the identity it came with (DESIGN I2); until END, which
/// is passed on, or until `drain_fd` is readable (Signals::drain_fd()) and what is under way by
/// then has come. Notices within 1 s that its output is gone, also when nothing comes.
/// Throws what source, sink and transform throw.
void RunMiddle(Source& source, Sink& sink, int drain_fd,
               const std::function<Frame(Frame frame)>& transform);

}  // namespace rk
