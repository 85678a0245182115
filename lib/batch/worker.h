#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "lib/batch/frame.h"

namespace rk {

/// What a stage that is no end does with the frames that come. One thread.
class Worker {
 public:
  using Time = std::chrono::steady_clock::time_point;

  virtual ~Worker() = default;

  /// True while it should be given no further frame.
  virtual bool full() const = 0;
  /// When Work() is due; nullopt while it holds no frame.
  virtual std::optional<Time> due() const = 0;
  /// Takes a frame that came at `now`.
  virtual void Take(Frame frame, Time now) = 0;
  /// A step. Returns what is done by then, each frame under the identity that it came with.
  virtual std::vector<Frame> Work() = 0;
};

}  // namespace rk
