#include "lib/link/transport.h"

#include <cstdint>
#include <mutex>

#include <fmt/format.h>

namespace rk {
namespace {

constexpr int64_t kLargestMessage = int64_t{16} << 20;
constexpr int kLingerMs = 1000;
// A frame of the usual size in one go; the kernel gives as much of it as it allows.
constexpr int kSendBuffer = 1 << 20;
constexpr int kSlowestReconnectMs = 1000;
constexpr const char* kPeerAddress = "Peer-Address";  // zmq_msg_gets(3)

Error ZmqError(std::string_view what) {
  return Error(ErrorKind::kIo, fmt::format("{}: {}", what, zmq_strerror(zmq_errno())));
}

}  // namespace

std::shared_ptr<zmq::context_t> ProcessContext() {
  static std::mutex mutex;
  static std::weak_ptr<zmq::context_t> shared;
  const std::lock_guard lock(mutex);
  auto context = shared.lock();
  if (!context) shared = context = std::make_shared<zmq::context_t>();
  return context;
}

void WithZmq(std::string_view what, const std::function<void()>& call) {
  try {
    call();
  } catch (const zmq::error_t& error) {
    throw Error(ErrorKind::kIo, fmt::format("{}: {}", what, error.what()));
  }
}

LinkSocket::LinkSocket(zmq::socket_type type)
    : ContextShare{ProcessContext()}, zmq::socket_t(*context, type) {}

LinkSocket MakeSocket(zmq::socket_type type) {
  LinkSocket socket;
  WithZmq("cannot open a socket", [&] {
    socket = LinkSocket(type);
    socket.set(zmq::sockopt::sndhwm, 0);
    socket.set(zmq::sockopt::rcvhwm, 0);
    socket.set(zmq::sockopt::maxmsgsize, kLargestMessage);
    socket.set(zmq::sockopt::linger, kLingerMs);
    socket.set(zmq::sockopt::reconnect_ivl_max, kSlowestReconnectMs);
  });
  return socket;
}

LinkSocket MakeFrameSocket(zmq::socket_type type, size_t max_frame, int hwm) {
  LinkSocket socket = MakeSocket(type);
  WithZmq("cannot set up a link", [&] {
    socket.set(zmq::sockopt::sndhwm, hwm);
    socket.set(zmq::sockopt::rcvhwm, hwm);
    socket.set(zmq::sockopt::sndbuf, kSendBuffer);
    socket.set(zmq::sockopt::maxmsgsize, static_cast<int64_t>(max_frame));
    socket.set(zmq::sockopt::linger, -1);
  });
  return socket;
}

bool TryReceivePart(zmq::socket_t& socket, zmq::message_t& part) {
  while (zmq_msg_recv(part.handle(), socket.handle(), ZMQ_DONTWAIT) < 0) {
    if (zmq_errno() == EAGAIN) return false;
    if (zmq_errno() != EINTR) throw ZmqError("cannot receive");
  }
  return true;
}

std::string PeerOf(zmq::message_t& message) {
  const char* address = zmq_msg_gets(message.handle(), kPeerAddress);
  return address == nullptr || *address == '\0' ? "unknown" : address;
}

bool SkipToEndOfMessage(zmq::socket_t& socket, const zmq::message_t& part) {
  if (!part.more()) return true;
  zmq::message_t next;
  while (TryReceivePart(socket, next) && next.more()) continue;
  return false;
}

bool TrySendPart(zmq::socket_t& socket, std::string_view part, zmq::send_flags flags) {
  const int all_flags = static_cast<int>(flags) | ZMQ_DONTWAIT;
  while (zmq_send(socket.handle(), part.data(), part.size(), all_flags) < 0) {
    if (zmq_errno() == EHOSTUNREACH || zmq_errno() == EAGAIN) return false;
    if (zmq_errno() != EINTR) throw ZmqError("cannot send");
  }
  return true;
}

bool TrySendMessage(zmq::socket_t& socket, zmq::message_t& message) {
  while (zmq_msg_send(message.handle(), socket.handle(), ZMQ_DONTWAIT) < 0) {
    if (zmq_errno() == EHOSTUNREACH || zmq_errno() == EAGAIN) return false;
    if (zmq_errno() != EINTR) throw ZmqError("cannot send");
  }
  return true;
}

}  // namespace rk
