#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "lib/link/frame_message.h"
#include "lib/link/ready_message.h"
#include "lib/link/source.h"

namespace rk {

/// Where frames come from for a stage that passes them on as they came (rk-balance). Starts no
/// thread: it is all in the calls, which are for one thread.
class MessageSource {
 public:
  using Clock = std::chrono::steady_clock;

  virtual ~MessageSource() = default;

  /// The next data frame, else nullopt. Never blocks. Throws as Source::TryReceive().
  virtual std::optional<FrameMessage> TryReceive() = 0;
  /// As Source::Done().
  virtual void Done(const HeldRange& /*batch*/) {}
  /// As Source::Leave().
  virtual void Leave() = 0;
  virtual bool ended() const = 0;
  /// Poll it for POLLIN when TryReceive() had nothing.
  virtual int fd() const = 0;
  /// To be called every 100 ms or so.
  virtual void OnTick(Clock::time_point /*now*/) {}
};

/// The frames of a pipe, which are checked whole as they are read.
class PipeMessages : public MessageSource {
 public:
  explicit PipeMessages(std::unique_ptr<Source> pipe) : pipe_(std::move(pipe)) {}

  std::optional<FrameMessage> TryReceive() override {
    auto frame = pipe_->TryReceive();
    return frame ? std::optional(FrameMessage(*std::move(frame))) : std::nullopt;
  }
  void Leave() override { pipe_->Leave(); }
  bool ended() const override { return pipe_->ended(); }
  int fd() const override { return pipe_->fd(); }

 private:
  std::unique_ptr<Source> pipe_;
};

}  // namespace rk
