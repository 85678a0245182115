#pragma once

#include <chrono>
#include <utility>
#include <vector>

#include "lib/base/event_fd.h"
#include "lib/batch/delivery_sink.h"
#include "tests/unit/batch/make_batch.h"

namespace rk {

/// Stores what it is given at the next look.
class InstantSink : public DeliverySink {
 public:
  void Produce(FramePtr frame) override {
    stored.push_back(RangeOf(*frame));
    done_.push_back(std::move(frame));
  }
  std::vector<FramePtr> Serve() override { return std::exchange(done_, {}); }
  int fd() const override { return event_.fd(); }
  std::chrono::milliseconds poll_timeout() const override { return std::chrono::seconds(1); }
  size_t outstanding() const override { return done_.size(); }
  size_t outstanding_bytes() const override { return said_bytes; }
  Clock::duration stalled(Clock::time_point /*now*/) const override { return {}; }
  Error StallError() const override { return {ErrorKind::kBug, "stalled"}; }
  const Totals& totals() const override { return said_totals; }
  bool shared() const override { return true; }
  std::vector<FramePtr> Abandon() override { return std::exchange(done_, {}); }

  std::vector<OffsetRange> stored;
  Totals said_totals;
  size_t said_bytes = 0;  ///< outstanding

 private:
  std::vector<FramePtr> done_;
  EventFd event_;
};

}  // namespace rk
