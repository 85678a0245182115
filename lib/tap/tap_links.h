#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "lib/link/forwarding_sink.h"
#include "lib/link/forwarding_source.h"
#include "lib/tap/tap.h"

namespace rk {

/// Another sink, with a tap on what goes into it.
class TappedSink : public ForwardingSink {
 public:
  TappedSink(std::unique_ptr<Sink> sink, std::unique_ptr<Tap> tap)
      : ForwardingSink(std::move(sink)), tap_(std::move(tap)) {}

  void Send(const Frame& frame) override {
    tap_->Offer(frame);
    ForwardingSink::Send(frame);
  }
  void Give(Frame frame) override {
    tap_->Offer(frame);
    ForwardingSink::Give(std::move(frame));
  }

 private:
  std::unique_ptr<Tap> tap_;
};

/// Another source, with a tap on what comes out of it.
class TappedSource : public ForwardingSource {
 public:
  TappedSource(std::unique_ptr<Source> source, std::unique_ptr<Tap> tap)
      : ForwardingSource(std::move(source)), tap_(std::move(tap)) {}

  std::optional<Frame> TryReceive() override {
    std::optional<Frame> frame = ForwardingSource::TryReceive();
    if (frame) tap_->Offer(*frame);
    return frame;
  }

 private:
  std::unique_ptr<Tap> tap_;
};

}  // namespace rk
