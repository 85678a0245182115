#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "lib/link/sink.h"
#include "lib/link/source.h"
#include "lib/tap/tap.h"

namespace rk {

/// Another sink, with a tap on what goes into it.
class TappedSink : public Sink {
 public:
  TappedSink(std::unique_ptr<Sink> sink, std::unique_ptr<Tap> tap)
      : sink_(std::move(sink)), tap_(std::move(tap)) {}

  void Send(const Frame& frame) override {
    tap_->Offer(frame);
    sink_->Send(frame);
  }
  void Give(Frame frame) override {
    tap_->Offer(frame);
    sink_->Give(std::move(frame));
  }
  bool HasRoom(size_t bytes) const override { return sink_->HasRoom(bytes); }
  void Finish(const Origin& origin) override { sink_->Finish(origin); }
  int fd() const override { return sink_->fd(); }
  void CheckNeighbour() override { sink_->CheckNeighbour(); }
  bool acknowledged() const override { return sink_->acknowledged(); }
  bool lossy() const override { return sink_->lossy(); }

 private:
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<Tap> tap_;
};

/// Another source, with a tap on what comes out of it.
class TappedSource : public Source {
 public:
  TappedSource(std::unique_ptr<Source> source, std::unique_ptr<Tap> tap)
      : source_(std::move(source)), tap_(std::move(tap)) {}

  std::optional<Frame> TryReceive() override {
    std::optional<Frame> frame = source_->TryReceive();
    if (frame) tap_->Offer(*frame);
    return frame;
  }
  void Done(const HeldRange& batch) override { source_->Done(batch); }
  void Abandon() override { source_->Abandon(); }
  void Leave() override { source_->Leave(); }
  bool ended() const override { return source_->ended(); }
  bool has_end() const override { return source_->has_end(); }
  Origin origin() const override { return source_->origin(); }
  int fd() const override { return source_->fd(); }
  bool acknowledged() const override { return source_->acknowledged(); }

 private:
  std::unique_ptr<Source> source_;
  std::unique_ptr<Tap> tap_;
};

}  // namespace rk
