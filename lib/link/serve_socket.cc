#include "lib/link/serve_socket.h"

#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/link_name.h"

namespace rk {
namespace {

// For frames that a live fetcher has asked for: what one that is stopped does not take comes again.
constexpr int kLingerMs = 1000;
constexpr char kNothingFollows = '\0';

LinkSocket MakeRouter(size_t max_frame) {
  // No mark: a fetcher's capacity bounds what is sent to it.
  LinkSocket socket = MakeFrameSocket(zmq::socket_type::router, max_frame, 0);
  WithZmq("cannot set up a link", [&] {
    socket.set(zmq::sockopt::router_mandatory, true);
    socket.set(zmq::sockopt::linger, kLingerMs);
    socket.set(zmq::sockopt::tcp_maxrt, kLongestUnansweredMs);
  });
  return socket;
}

}  // namespace

ServeSocket::ServeSocket(const LinkAddress& address, size_t max_frame, LinkObserver observer)
    : observer_(std::move(observer)),
      link_(address.link),
      socket_(MakeRouter(max_frame)),
      binding_(socket_, address, observer_.log) {
  binding_.LogPort(address, observer_.log);
  ready_.Watch(socket_);
}

ServeSocket::~ServeSocket() { ready_.Unwatch(socket_); }

std::optional<ServeSocket::Report> ServeSocket::TryReceive() {
  zmq::message_t peer;
  while (TryReceivePart(socket_, peer)) {
    zmq::message_t message;
    if (!peer.more() || !TryReceivePart(socket_, message)) continue;
    if (!SkipToEndOfMessage(socket_, message)) message.rebuild();
    try {
      Report report{peer.to_string(), ReadyMessage::Decode(message.to_string_view())};
      if (report.ready.link != link_) {
        Refuse(report.peer, PeerOf(message), report.ready.link);
        continue;
      }
      if (report.ready.connection == NameOf(report.peer)) return report;
      Probe(report.peer);
    } catch (const Error& error) {
      observer_.dropped();
      observer_.log(LogLevel::kWarning,
                    fmt::format("dropped a message on {}: {}", address(), error.what()));
    }
  }
  ready_.NothingLeft();
  return std::nullopt;
}

void ServeSocket::Refuse(const std::string& peer, const std::string& host,
                         const std::string& wanted) {
  const std::string refusal = LinkRefusal(link_);
  zmq::message_t message(refusal.data(), refusal.size());
  (void)SendTo(peer, message);
  const auto line = refusals_.Refused(host, RefusedLink(wanted, link_), RefusalLog::Clock::now());
  if (line) observer_.log(LogLevel::kWarning, fmt::format("{}: {}", address(), *line));
}

bool ServeSocket::Send(const std::string& peer, FrameMessage& frame) {
  return SendTo(peer, frame.message());
}

bool ServeSocket::Probe(const std::string& peer) {
  const Origin name = NameOf(peer);
  zmq::message_t message(name.data(), name.size());
  return SendTo(peer, message);
}

// No other server gives it, nor this one to another connection: ZeroMQ's names are unique in a
// socket, and short.
Origin ServeSocket::NameOf(const std::string& peer) const {
  Origin name = instance_;
  for (size_t i = 0; i < peer.size(); ++i) name[i % name.size()] ^= static_cast<uint8_t>(peer[i]);
  return name;
}

bool ServeSocket::SayNothingFollows(const std::string& peer) {
  zmq::message_t answer(&kNothingFollows, sizeof kNothingFollows);
  return SendTo(peer, answer);
}

bool ServeSocket::SendTo(const std::string& peer, zmq::message_t& message) {
  const bool there =
      TrySendPart(socket_, peer, zmq::send_flags::sndmore) && TrySendMessage(socket_, message);
  ready_.Check(socket_);
  return there;
}

}  // namespace rk
