#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "lib/link/connection.h"
#include "lib/link/link_observer.h"
#include "lib/link/link_state.h"
#include "lib/link/refusal_log.h"
#include "lib/link/sink.h"
#include "lib/link/transport.h"

namespace rk {

/// Frames to a collector (DEALER, which connects). One thread. At the high-water mark, or while
/// nobody collects, Send() blocks. What was sent is lost if the collector dies before it has it.
///
/// Not PUSH: a PULL that stands at its high-water mark when a pusher leaves loses what it has not
/// read. So whoever leaves asks, and the collector answers once all that went before has come.
class PushSink : public Sink {
 public:
  /// `hwm` frames wait here at most. Once `draining()`, which any thread may call, nobody is waited
  /// for who never came: then Send() and Finish() throw Error(kTryAgain). Throws Error(kIo).
  PushSink(LinkAddress address, size_t max_frame, int hwm, std::function<bool()> draining,
           LinkObserver observer = {});

  void Send(const Frame& frame) override;
  void Give(Frame frame) override;
  /// Waits until the collector has received all that was sent; at once if nothing was, and not
  /// longer than 2 s for one on another machine that is not there.
  void Finish(const Origin& origin) override;
  int fd() const override { return -1; }
  bool lossy() const override { return true; }

 private:
  void SendMessage(zmq::message_t message);
  bool TrySend(zmq::message_t& message);
  bool HearAnswer();
  void LookAfterConnection();
  void WaitFor(int16_t events, std::chrono::milliseconds timeout);

  LinkAddress address_;
  std::string host_;  ///< empty on this machine
  uint64_t cuts_;     ///< from it, when the connection was made
  std::function<bool()> draining_;
  LinkObserver observer_;
  std::optional<LinkState> state_;  ///< on tcp://
  RefusalLog refusals_;
  LinkSocket socket_;
  std::optional<Connection> connection_;
  bool sent_ = false;      ///< a frame: somebody collects, or has
  bool finished_ = false;  ///< all of it has come, says the collector
};

}  // namespace rk
