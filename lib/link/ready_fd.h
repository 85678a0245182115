#pragma once

namespace zmq {
class socket_t;
}

namespace rk {

/// One descriptor to poll(2) for any number of ZeroMQ sockets. Theirs are edge-triggered, and any
/// call on the socket may use the edge up; this one stays readable until the owner has said that
/// it found nothing more to receive. One thread.
class ReadyFd {
 public:
  /// Throws Error(kIo).
  ReadyFd();
  ~ReadyFd();
  ReadyFd(const ReadyFd&) = delete;
  ReadyFd& operator=(const ReadyFd&) = delete;

  /// For POLLIN.
  int fd() const { return epoll_fd_; }

  void Watch(zmq::socket_t& socket);
  /// Before the socket is closed.
  void Unwatch(zmq::socket_t& socket);
  /// After a call other than receiving on `socket`, such as sending.
  void Check(zmq::socket_t& socket);
  /// What was received already waits to be taken: stays readable until NothingLeft().
  void SomethingLeft();
  /// Every socket has just said that there is nothing to receive.
  void NothingLeft();

 private:
  int epoll_fd_ = -1;
  int something_left_fd_ = -1;
};

}  // namespace rk
