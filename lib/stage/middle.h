#pragma once

#include <functional>

#include "lib/batch/frame.h"
#include "lib/batch/worker.h"
#include "lib/link/sink.h"
#include "lib/link/source.h"
#include "lib/observe/histogram.h"

namespace rk {

/// The loop of a stage that is no end: it is given what has come until it is full, works when that
/// is due, or when nothing more comes, and each frame that is done is sent on at once, exactly
/// once, under the identity it came with (docs/architecture.md I2); until END, which is passed on,
/// or until `drain_fd` is readable (Signals::drain_fd()) and what is under way by then has come. If
/// the source throws, what came before goes on first. Notices within 1 s that its output is gone,
/// also when nothing comes. `took`, if there is one, is told how long each batch was with the
/// worker. Throws what source, sink and worker throw.
void RunMiddle(Source& source, Sink& sink, int drain_fd, Worker& worker, Histogram* took = nullptr);

/// The same for a stage that works on one frame at a time.
void RunMiddle(Source& source, Sink& sink, int drain_fd,
               const std::function<Frame(Frame frame)>& transform, Histogram* took = nullptr);

}  // namespace rk
