#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <zmq.hpp>

#include "lib/link/ipc_binding.h"
#include "lib/link/link_observer.h"
#include "lib/link/source.h"
#include "lib/link/zmq_socket.h"

namespace rk {

/// Frames from many pushers (ROUTER, which binds), in turn. One thread. What is no frame is
/// dropped, counted and logged; its reader replays it. An empty message asks whether all that went
/// before has come, and is answered with one.
class CollectSource : public Source {
 public:
  /// After Leave(), quiet for so long means that nothing is under way any more.
  static constexpr std::chrono::milliseconds kQuiet{200};

  /// `hwm` frames of each pusher wait here at most. Throws Error(kConfiguration), Error(kIo).
  CollectSource(const std::string& path, size_t max_frame, int hwm, LinkObserver observer);
  ~CollectSource() override;

  std::optional<Frame> TryReceive() override;
  void Leave() override;
  bool ended() const override;
  Origin origin() const override { return origin_; }
  int fd() const override { return ready_.fd(); }

 private:
  using Clock = std::chrono::steady_clock;

  std::optional<Frame> Take(zmq::message_t& pusher);

  LinkObserver observer_;
  zmq::context_t context_;
  zmq::socket_t socket_;
  IpcBinding binding_;
  ReadyFd ready_;
  Origin origin_{};
  std::optional<Clock::time_point> quiet_since_;  ///< only after Leave()
};

}  // namespace rk
