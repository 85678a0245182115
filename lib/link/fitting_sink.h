#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "lib/base/log.h"
#include "lib/link/sink.h"

namespace rk {

/// A sink in front of another that passes on what fits in `max_frame` bytes, the most that the next
/// stage takes, and splits what does not (FitFrame()). One thread at a time.
class FittingSink : public Sink {
 public:
  /// `stage` is who fails a record that is too large by itself; the first one is logged.
  FittingSink(std::unique_ptr<Sink> sink, size_t max_frame, std::string stage, Log log);

  void Send(const Frame& frame) override;
  void Give(Frame frame) override;
  bool HasRoom(size_t bytes) const override { return sink_->HasRoom(bytes); }
  void Finish(const Origin& origin) override { sink_->Finish(origin); }
  int fd() const override { return sink_->fd(); }
  void CheckNeighbour() override { sink_->CheckNeighbour(); }
  bool acknowledged() const override { return sink_->acknowledged(); }
  bool lossy() const override { return sink_->lossy(); }

 private:
  void GiveParts(Frame frame);

  std::unique_ptr<Sink> sink_;
  size_t max_frame_;
  std::string stage_;
  Log log_;
  bool logged_ = false;
};

}  // namespace rk
