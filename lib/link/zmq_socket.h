#pragma once

#include <chrono>
#include <functional>
#include <string_view>

#include <zmq.hpp>

#include "lib/base/error.h"

namespace rk {

/// A socket as the acknowledgement channel wants it: no high-water marks (the reader's window
/// bounds what can be queued), messages of at most 16 MiB, and a second to flush once it is closed.
/// Throws Error(kIo).
zmq::socket_t MakeSocket(zmq::context_t& context, zmq::socket_type type);

/// Runs `call`, in which ZeroMQ may throw, and turns that into Error(kIo): "`what`: reason".
void WithZmq(std::string_view what, const std::function<void()>& call);

/// The next part of a message into `part`; false if there is none. Never blocks.
bool TryReceivePart(zmq::socket_t& socket, zmq::message_t& part);

/// Takes what follows `part` of the same message. True if nothing did: it was the last part.
bool SkipToEndOfMessage(zmq::socket_t& socket, const zmq::message_t& part);

/// Sends one message; blocks while the socket's high-water mark is reached or nobody is there.
void SendMessage(zmq::socket_t& socket, std::string_view message);
void SendMessage(zmq::socket_t& socket, zmq::message_t message);

/// Queues one part. False if the peer is gone. Never blocks where there is no high-water mark.
bool TrySendPart(zmq::socket_t& socket, std::string_view part, zmq::send_flags flags);

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
