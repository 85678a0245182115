#pragma once

#include <string>

#include "lib/base/event_fd.h"
#include "lib/base/log.h"
#include "lib/batch/delivery_sink.h"
#include "lib/batch/failure_tally.h"

namespace rk {

/// Values as lines on a descriptor: what is written is done. A null is `null`; a line break, which
/// in JSON is only space, becomes a space. A failed record goes to the log, with its reason, and is
/// lost. Used by one thread.
class LineDeliverySink : public DeliverySink {
 public:
  /// `fd` and `failures` stay the caller's.
  LineDeliverySink(int fd, FailureTally& failures, Log log)
      : fd_(fd), failures_(failures), log_(std::move(log)) {}

  /// Blocks while whoever reads the lines does. Throws Error(kBrokenPipe), Error(kIo).
  void Produce(FramePtr frame) override;
  std::vector<FramePtr> Serve() override;
  int fd() const override { return done_event_.fd(); }
  std::chrono::milliseconds poll_timeout() const override { return std::chrono::seconds(1); }
  size_t outstanding() const override { return done_.size(); }
  size_t outstanding_bytes() const override { return 0; }
  Clock::duration stalled(Clock::time_point /*now*/) const override { return {}; }
  Error StallError() const override { return {ErrorKind::kIo, "nothing can be written"}; }
  const Totals& totals() const override { return totals_; }
  bool shared() const override { return false; }
  std::vector<FramePtr> Abandon() override { return {}; }  // what was taken is written

 private:
  void Append(const BatchInfo& info, const RecordView& record);

  int fd_;
  FailureTally& failures_;
  Log log_;
  std::string text_;
  std::vector<FramePtr> done_;
  EventFd done_event_;
  Totals totals_;
};

}  // namespace rk
