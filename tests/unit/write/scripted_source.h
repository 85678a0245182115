#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "lib/base/error.h"
#include "lib/link/source.h"

namespace rk {

/// Gives the frames that it was told to give, then ends.
class ScriptedSource : public Source {
 public:
  using Step = std::function<std::optional<Frame>()>;  ///< nullopt: asked again

  ~ScriptedSource() override { close(fd_); }

  void Give(Frame frame) {
    auto shared = std::make_shared<Frame>(std::move(frame));
    Do([shared]() -> std::optional<Frame> { return std::move(*shared); });
  }
  bool has_end() const override { return true; }
  void Do(Step step) { steps_.push_back(std::move(step)); }
  /// Instead of the end.
  void Break() {
    Do([]() -> std::optional<Frame> { throw Error(ErrorKind::kTryAgain, "no END"); });
  }
  void NeverAcknowledge() { acknowledged_ = false; }

  std::optional<Frame> TryReceive() override {
    if (steps_.empty()) {
      ended_ = true;
      return std::nullopt;
    }
    std::optional<Frame> frame = steps_.front()();
    if (frame) steps_.pop_front();
    return frame;
  }
  bool ended() const override { return ended_; }
  Origin origin() const override { return {}; }
  bool acknowledged() const override { return acknowledged_; }
  int fd() const override { return fd_; }
  void Done(const HeldRange& batch) override { done.push_back(batch.range); }

  std::vector<OffsetRange> done;

 private:
  std::deque<Step> steps_;
  bool ended_ = false;
  bool acknowledged_ = true;
  int fd_ = eventfd(1, EFD_CLOEXEC);  // always readable
};

}  // namespace rk
