#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "lib/base/log.h"
#include "lib/link/forwarding_sink.h"

namespace rk {

/// A sink in front of another that passes on what fits in `max_frame` bytes, the most that the next
/// stage takes, and splits what does not (FitFrame()). One thread at a time.
class FittingSink : public ForwardingSink {
 public:
  /// `stage` is who fails a record that is too large by itself; the first one is logged.
  FittingSink(std::unique_ptr<Sink> sink, size_t max_frame, std::string stage, Log log);

  void Send(const Frame& frame) override;
  void Give(Frame frame) override;

 private:
  void GiveParts(Frame frame);

  size_t max_frame_;
  std::string stage_;
  Log log_;
  bool logged_ = false;
};

}  // namespace rk
