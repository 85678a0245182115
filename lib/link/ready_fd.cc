#include "lib/link/ready_fd.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <zmq.hpp>

#include "lib/base/error.h"

namespace rk {
namespace {

Error CannotWait(const char* reason) {
  return Error(ErrorKind::kIo, fmt::format("cannot wait for messages: {}", reason));
}

}  // namespace

ReadyFd::ReadyFd()
    : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      something_left_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event = {EPOLLIN, {}};
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, something_left_fd_, &event) == 0) return;
  const int reason = errno;
  close(something_left_fd_);
  close(epoll_fd_);
  throw CannotWait(std::strerror(reason));
}

ReadyFd::~ReadyFd() {
  close(something_left_fd_);
  close(epoll_fd_);
}

void ReadyFd::Watch(zmq::socket_t& socket) {
  epoll_event event = {EPOLLIN, {}};
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, socket.get(zmq::sockopt::fd), &event) != 0) {
    throw CannotWait(std::strerror(errno));
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
    if (zmq_errno() != EINTR) throw CannotWait(zmq_strerror(zmq_errno()));
  }
  if ((events & ZMQ_POLLIN) != 0) SomethingLeft();
}

void ReadyFd::SomethingLeft() { eventfd_write(something_left_fd_, 1); }

void ReadyFd::NothingLeft() {
  eventfd_t ignored = 0;
  (void)eventfd_read(something_left_fd_, &ignored);
}

}  // namespace rk
