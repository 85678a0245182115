#include "lib/link/fitting_sink.h"

#include <utility>

#include <fmt/format.h>

#include "lib/batch/frame_limit.h"

namespace rk {

FittingSink::FittingSink(std::unique_ptr<Sink> sink, size_t max_frame, std::string stage, Log log)
    : ForwardingSink(std::move(sink)),
      max_frame_(max_frame),
      stage_(std::move(stage)),
      log_(std::move(log)) {}

void FittingSink::Send(const Frame& frame) {
  if (frame.bytes().size() <= max_frame_) return ForwardingSink::Send(frame);
  GiveParts(frame.Clone());
}

void FittingSink::Give(Frame frame) {
  if (frame.bytes().size() <= max_frame_) return ForwardingSink::Give(std::move(frame));
  GiveParts(std::move(frame));
}

void FittingSink::GiveParts(Frame frame) {
  Fitted fitted = FitFrame(std::move(frame), max_frame_, stage_);
  for (Frame& part : fitted.parts) {
    if (fitted.too_large > 0 && !std::exchange(logged_, true)) {
      const BatchInfo& info = part.info();
      log_(LogLevel::kWarning,
           fmt::format("a record does not fit in a frame of {} bytes (--max-frame) and is failed, "
                       "as later ones will be without a word topic={} partition={} offset={}",
                       max_frame_, info.topic, info.partition, info.first_offset));
    }
    ForwardingSink::Give(std::move(part));
  }
}

}  // namespace rk
