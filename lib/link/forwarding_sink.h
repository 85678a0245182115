#pragma once

#include <memory>
#include <utility>

#include "lib/link/sink.h"

namespace rk {

/// Another sink, with something done on the way: a class derived from it overrides what it
/// changes.
class ForwardingSink : public Sink {
 public:
  explicit ForwardingSink(std::unique_ptr<Sink> sink) : sink_(std::move(sink)) {}

  void Send(const Frame& frame) override { sink_->Send(frame); }
  void Give(Frame frame) override { sink_->Give(std::move(frame)); }
  bool HasRoom(size_t bytes) const override { return sink_->HasRoom(bytes); }
  void Finish(const Origin& origin) override { sink_->Finish(origin); }
  int fd() const override { return sink_->fd(); }
  void CheckNeighbour() override { sink_->CheckNeighbour(); }
  bool acknowledged() const override { return sink_->acknowledged(); }
  bool lossy() const override { return sink_->lossy(); }

 private:
  std::unique_ptr<Sink> sink_;
};

}  // namespace rk
