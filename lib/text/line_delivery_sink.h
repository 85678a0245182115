#pragma once

#include <string>

#include "lib/base/event_fd.h"
#include "lib/base/log.h"
#include "lib/batch/delivery_sink.h"

namespace rk {

/// Values as lines on a descriptor: what is written is done. A null is `null`; a line break, which
/// in JSON is only space, becomes a space. A failed record goes to the log, with its reason.
class LineDeliverySink : public DeliverySink {
 public:
  /// `fd` stays the caller's.
  LineDeliverySink(int fd, Log log) : fd_(fd), log_(std::move(log)) {}

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

 private:
  void Append(const BatchInfo& info, const RecordView& record);

  int fd_;
  Log log_;
  std::string text_;
  std::vector<FramePtr> done_;
  EventFd done_event_;
  Totals totals_;
};

}  // namespace rk
