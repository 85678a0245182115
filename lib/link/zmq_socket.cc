#include "lib/link/zmq_socket.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

namespace rk {
namespace {

constexpr int64_t kLargestMessage = int64_t{16} << 20;
constexpr int kLingerMs = 1000;
constexpr int kSlowestReconnectMs = 1000;

Error SystemError(const char* what) {
  return Error(ErrorKind::kIo, fmt::format("{}: {}", what, std::strerror(errno)));
}

Error ZmqError(std::string_view what) {
  return Error(ErrorKind::kIo, fmt::format("{}: {}", what, zmq_strerror(zmq_errno())));
}

}  // namespace

void WithZmq(std::string_view what, const std::function<void()>& call) {
  try {
    call();
  } catch (const zmq::error_t& error) {
    throw Error(ErrorKind::kIo, fmt::format("{}: {}", what, error.what()));
  }
}

zmq::socket_t MakeSocket(zmq::context_t& context, zmq::socket_type type) {
  zmq::socket_t socket;
  WithZmq("cannot open a socket", [&] {
    socket = zmq::socket_t(context, type);
    socket.set(zmq::sockopt::sndhwm, 0);
    socket.set(zmq::sockopt::rcvhwm, 0);
    socket.set(zmq::sockopt::maxmsgsize, kLargestMessage);
    socket.set(zmq::sockopt::linger, kLingerMs);
    socket.set(zmq::sockopt::reconnect_ivl_max, kSlowestReconnectMs);
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

bool SkipToEndOfMessage(zmq::socket_t& socket, const zmq::message_t& part) {
  if (!part.more()) return true;
  zmq::message_t next;
  while (TryReceivePart(socket, next) && next.more()) continue;
  return false;
}

void SendMessage(zmq::socket_t& socket, std::string_view message) {
  while (zmq_send(socket.handle(), message.data(), message.size(), 0) < 0) {
    if (zmq_errno() != EINTR) throw ZmqError("cannot send");
  }
}

void SendMessage(zmq::socket_t& socket, zmq::message_t message) {
  while (zmq_msg_send(message.handle(), socket.handle(), 0) < 0) {
    if (zmq_errno() != EINTR) throw ZmqError("cannot send");
  }
}

bool TrySendPart(zmq::socket_t& socket, std::string_view part, zmq::send_flags flags) {
  const int all_flags = static_cast<int>(flags) | ZMQ_DONTWAIT;
  while (zmq_send(socket.handle(), part.data(), part.size(), all_flags) < 0) {
    if (zmq_errno() == EHOSTUNREACH || zmq_errno() == EAGAIN) return false;
    if (zmq_errno() != EINTR) throw ZmqError("cannot send");
  }
  return true;
}

ReadyFd::ReadyFd()
    : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      something_left_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event = {EPOLLIN, {}};
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, something_left_fd_, &event) == 0) return;
  const int reason = errno;
  close(something_left_fd_);
  close(epoll_fd_);
  errno = reason;
  throw SystemError("cannot wait for messages");
}

ReadyFd::~ReadyFd() {
  close(something_left_fd_);
  close(epoll_fd_);
}

void ReadyFd::Watch(zmq::socket_t& socket) {
  epoll_event event = {EPOLLIN, {}};
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, socket.get(zmq::sockopt::fd), &event) != 0) {
    throw SystemError("cannot wait for messages");
  }
  Check(socket);
}

void ReadyFd::Unwatch(zmq::socket_t& socket) {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, socket.get(zmq::sockopt::fd), nullptr);
}

void ReadyFd::Check(zmq::socket_t& socket) {
  int events = 0;
  size_t size = sizeof events;
  while (zmq_getsockopt(socket.handle(), ZMQ_EVENTS, &events, &size) != 0) {
    if (zmq_errno() != EINTR) throw ZmqError("cannot wait for messages");
  }
  if ((events & ZMQ_POLLIN) != 0) SomethingLeft();
}

void ReadyFd::SomethingLeft() { eventfd_write(something_left_fd_, 1); }

void ReadyFd::NothingLeft() {
  eventfd_t ignored = 0;
  (void)eventfd_read(something_left_fd_, &ignored);
}

}  // namespace rk
