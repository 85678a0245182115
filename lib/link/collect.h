#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "lib/link/binding.h"
#include "lib/link/link_observer.h"
#include "lib/link/message_source.h"
#include "lib/link/ready_fd.h"
#include "lib/link/refusal_log.h"
#include "lib/link/source.h"
#include "lib/link/transport.h"

namespace rk {

/// Frames from many pushers (ROUTER, which binds), in turn, as they came. What is no frame is
/// dropped, counted and logged; its reader replays it. So is what comes for another link, which is
/// answered with LinkRefusal(). An empty message asks whether all that went before has come, and is
/// answered with one.
class CollectSocket : public MessageSource {
 public:
  /// After Leave(), quiet for so long means that nothing is under way any more.
  static constexpr std::chrono::milliseconds kQuiet{200};

  /// `hwm` frames of each pusher wait here at most. Throws Error(kConfiguration), Error(kIo).
  CollectSocket(const LinkAddress& address, size_t max_frame, int hwm, LinkObserver observer);
  ~CollectSocket() override;

  std::optional<FrameMessage> TryReceive() override;
  void Leave() override;
  bool ended() const override;
  int fd() const override { return ready_.fd(); }

  const std::string& address() const { return binding_.address(); }

 private:
  std::optional<FrameMessage> Take(const zmq::message_t& pusher);
  void Answer(const zmq::message_t& pusher, std::string_view answer);
  void Refuse(const zmq::message_t& pusher, const std::string& host, const std::string& wanted);

  LinkObserver observer_;
  const std::string link_;
  RefusalLog refusals_;
  LinkSocket socket_;
  Binding binding_;
  ReadyFd ready_;
  std::optional<Clock::time_point> quiet_since_;  ///< only after Leave()
};

/// The same for a stage that reads the records. One thread.
class CollectSource : public Source {
 public:
  /// As CollectSocket.
  CollectSource(const LinkAddress& address, size_t max_frame, int hwm, LinkObserver observer)
      : observer_(observer), socket_(address, max_frame, hwm, std::move(observer)) {}

  std::optional<Frame> TryReceive() override;
  void Leave() override { socket_.Leave(); }
  bool ended() const override { return socket_.ended(); }
  Origin origin() const override { return origin_; }
  int fd() const override { return socket_.fd(); }

 private:
  LinkObserver observer_;
  CollectSocket socket_;
  Origin origin_{};
};

}  // namespace rk
