#include "lib/link/frame_message.h"

#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/zmq_socket.h"

namespace rk {

zmq::socket_t MakeFrameSocket(zmq::context_t& context, zmq::socket_type type, size_t max_frame,
                              int hwm) {
  zmq::socket_t socket = MakeSocket(context, type);
  WithZmq("cannot set up a link", [&] {
    socket.set(zmq::sockopt::sndhwm, hwm);
    socket.set(zmq::sockopt::rcvhwm, hwm);
    socket.set(zmq::sockopt::maxmsgsize, static_cast<int64_t>(max_frame));
    socket.set(zmq::sockopt::linger, -1);
  });
  return socket;
}

zmq::message_t ToMessage(Frame frame) {
  auto kept = std::make_unique<Frame>(std::move(frame));
  const std::string_view bytes = kept->bytes();
  const auto drop = [](void*, void* hint) { delete static_cast<Frame*>(hint); };
  return zmq::message_t(const_cast<char*>(bytes.data()), bytes.size(), drop, kept.release());
}

std::optional<Frame> ToFrame(const zmq::message_t& message, const std::string& peer,
                             const LinkObserver& observer) {
  try {
    Buffer bytes(message.size());
    bytes.Append(message.to_string_view());
    Frame frame = Frame::Decode(std::move(bytes));
    if (frame.kind() == FrameKind::kData) return frame;
    throw Error(ErrorKind::kBadData, "END, which only pipes have");
  } catch (const Error& error) {
    observer.dropped();
    observer.log(LogLevel::kWarning,
                 fmt::format("dropped a message on {}: {}", peer, error.what()));
    return std::nullopt;
  }
}

}  // namespace rk
