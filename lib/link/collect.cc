#include "lib/link/collect.h"

#include <utility>

#include "lib/link/frame_message.h"

namespace rk {

CollectSource::CollectSource(const std::string& path, size_t max_frame, int hwm,
                             LinkObserver observer)
    : observer_(std::move(observer)),
      socket_(MakeFrameSocket(context_, zmq::socket_type::router, max_frame, hwm)),
      binding_(socket_, path) {
  ready_.Watch(socket_);
}

CollectSource::~CollectSource() { ready_.Unwatch(socket_); }

std::optional<Frame> CollectSource::TryReceive() {
  zmq::message_t pusher;
  while (TryReceivePart(socket_, pusher)) {
    if (quiet_since_) quiet_since_ = Clock::now();
    if (auto frame = Take(pusher)) {
      origin_ = frame->info().origin;
      return frame;
    }
  }
  ready_.NothingLeft();
  return std::nullopt;
}

std::optional<Frame> CollectSource::Take(zmq::message_t& pusher) {
  zmq::message_t message;
  if (!pusher.more() || !TryReceivePart(socket_, message)) return std::nullopt;
  const bool whole = SkipToEndOfMessage(socket_, message);
  if (whole && message.size() == 0) {
    TrySendPart(socket_, pusher.to_string_view(), zmq::send_flags::sndmore);
    TrySendPart(socket_, "", zmq::send_flags::none);
    return std::nullopt;
  }
  if (!whole) message.rebuild();
  return ToFrame(message, binding_.address(), observer_);
}

void CollectSource::Leave() {
  if (!quiet_since_) quiet_since_ = Clock::now();
}

bool CollectSource::ended() const { return quiet_since_ && Clock::now() - *quiet_since_ >= kQuiet; }

}  // namespace rk
