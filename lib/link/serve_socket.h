#pragma once

#include <optional>
#include <string>

#include "lib/link/binding.h"
#include "lib/link/frame_message.h"
#include "lib/link/link_observer.h"
#include "lib/link/ready_fd.h"
#include "lib/link/ready_message.h"
#include "lib/link/refusal_log.h"
#include "lib/link/transport.h"

namespace rk {

/// The serving end of a link (ROUTER, which binds): hears what fetchers say of themselves and sends
/// frames to them by name, and decides nothing. Nothing blocks. One thread.
class ServeSocket {
 public:
  /// Throws Error(kConfiguration), Error(kIo).
  ServeSocket(const LinkAddress& address, size_t max_frame, LinkObserver observer);
  ~ServeSocket();
  ServeSocket(const ServeSocket&) = delete;
  ServeSocket& operator=(const ServeSocket&) = delete;

  struct Report {
    std::string peer;  ///< a name that ZeroMQ gives a connection
    ReadyMessage ready;
  };
  /// What a fetcher said that knows its connection, else nullopt. Others are told its name, and who
  /// came for another link is refused, which is logged. Nonsense is dropped, counted and logged.
  std::optional<Report> TryReceive();

  // All false if the peer cannot be reached: it is gone.

  /// Unless it is false, `frame` is used up.
  bool Send(const std::string& peer, FrameMessage& frame);
  /// Tells it the connection's name, which it knows.
  bool Probe(const std::string& peer);
  /// The answer to `leaving`: nothing more will come.
  bool SayNothingFollows(const std::string& peer);

  const std::string& address() const { return binding_.address(); }
  /// For POLLIN. Stays readable until TryReceive() has said nullopt.
  int fd() const { return ready_.fd(); }

 private:
  Origin NameOf(const std::string& peer) const;
  void Refuse(const std::string& peer, const std::string& host, const std::string& wanted);
  bool SendTo(const std::string& peer, zmq::message_t& message);

  LinkObserver observer_;
  const Origin instance_ = RandomOrigin();
  const std::string link_;
  RefusalLog refusals_;
  LinkSocket socket_;
  Binding binding_;
  ReadyFd ready_;
};

}  // namespace rk
