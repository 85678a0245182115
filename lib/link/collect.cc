#include "lib/link/collect.h"

#include <utility>

#include <fmt/format.h>

#include "lib/link/link_name.h"

namespace rk {

CollectSocket::CollectSocket(const LinkAddress& address, size_t max_frame, int hwm,
                             LinkObserver observer)
    : observer_(std::move(observer)),
      link_(address.link),
      socket_(MakeFrameSocket(zmq::socket_type::router, max_frame, hwm)),
      binding_(socket_, address, observer_.log) {
  binding_.LogPort(address, observer_.log);
  ready_.Watch(socket_);
}

CollectSocket::~CollectSocket() { ready_.Unwatch(socket_); }

std::optional<FrameMessage> CollectSocket::TryReceive() {
  zmq::message_t pusher;
  while (TryReceivePart(socket_, pusher)) {
    if (quiet_since_) quiet_since_ = Clock::now();
    if (auto frame = Take(pusher)) return frame;
  }
  ready_.NothingLeft();
  return std::nullopt;
}

std::optional<FrameMessage> CollectSocket::Take(const zmq::message_t& pusher) {
  zmq::message_t message;
  if (!pusher.more() || !TryReceivePart(socket_, message)) return std::nullopt;
  std::string link;
  if (const auto marked = LinkMarked(message.to_string_view()); marked && message.more()) {
    link = *marked;
    if (!TryReceivePart(socket_, message)) return std::nullopt;
  }
  const bool whole = SkipToEndOfMessage(socket_, message);
  if (whole && message.size() == 0) {
    Answer(pusher, "");
    return std::nullopt;
  }
  if (link != link_) {
    Refuse(pusher, PeerOf(message), link);
    return std::nullopt;
  }
  if (!whole) message.rebuild();
  return ToFrameMessage(std::move(message), binding_.address(), observer_);
}

void CollectSocket::Answer(const zmq::message_t& pusher, std::string_view answer) {
  TrySendPart(socket_, pusher.to_string_view(), zmq::send_flags::sndmore);
  TrySendPart(socket_, answer, zmq::send_flags::none);
}

void CollectSocket::Refuse(const zmq::message_t& pusher, const std::string& host,
                           const std::string& wanted) {
  Answer(pusher, LinkRefusal(link_));
  const auto line = refusals_.Refused(host, RefusedLink(wanted, link_), Clock::now());
  if (line) observer_.log(LogLevel::kWarning, fmt::format("{}: {}", address(), *line));
}

void CollectSocket::Leave() {
  if (!quiet_since_) quiet_since_ = Clock::now();
}

bool CollectSocket::ended() const { return quiet_since_ && Clock::now() - *quiet_since_ >= kQuiet; }

std::optional<Frame> CollectSource::TryReceive() {
  while (const auto message = socket_.TryReceive()) {
    auto frame = OpenMessage(*message, socket_.address(), observer_);
    if (!frame) continue;
    origin_ = frame->info().origin;
    return frame;
  }
  return std::nullopt;
}

}  // namespace rk
