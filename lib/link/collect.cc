#include "lib/link/collect.h"

#include <utility>

namespace rk {

CollectSocket::CollectSocket(const LinkAddress& address, size_t max_frame, int hwm,
                             LinkObserver observer)
    : observer_(std::move(observer)),
      socket_(MakeFrameSocket(zmq::socket_type::router, max_frame, hwm)),
      binding_(socket_, address, observer_.log) {
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
  const bool whole = SkipToEndOfMessage(socket_, message);
  if (whole && message.size() == 0) {
    TrySendPart(socket_, pusher.to_string_view(), zmq::send_flags::sndmore);
    TrySendPart(socket_, "", zmq::send_flags::none);
    return std::nullopt;
  }
  if (!whole) message.rebuild();
  return ToFrameMessage(std::move(message), binding_.address(), observer_);
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
