#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <zmq.hpp>

#include "lib/base/error.h"

namespace rk {

/// Of the process's one ZeroMQ context.
struct ContextShare {
  std::shared_ptr<zmq::context_t> context;
};

/// The process's one context: a new one where all sockets of the last were closed.
std::shared_ptr<zmq::context_t> ProcessContext();

/// A socket of this process's one ZeroMQ context (an I/O thread and a reaper), which is there while
/// any such socket is. What was sent is handed over in the background after a socket is closed; the
/// one that is closed last waits for that, for each as long as its linger says. One thread.
class LinkSocket : private ContextShare, public zmq::socket_t {
 public:
  /// None.
  LinkSocket() = default;
  /// Throws zmq::error_t.
  explicit LinkSocket(zmq::socket_type type);
};

/// A socket as the acknowledgement channel wants it: no high-water marks (the reader's window
/// bounds what can be queued), messages of at most 16 MiB, and a second to flush once it is closed.
/// Throws Error(kIo).
LinkSocket MakeSocket(zmq::socket_type type);

/// A socket for frames: single-part messages of at most `max_frame` bytes; high-water marks of
/// `hwm` frames in both directions, 0: none. What was sent is handed over, however long it takes.
/// Throws Error(kIo).
LinkSocket MakeFrameSocket(zmq::socket_type type, size_t max_frame, int hwm);

/// Of fetchers and their servers, on tcp://: what was sent and not taken by the other kernel for so
/// long ends the connection (TCP_USER_TIMEOUT), so that a new one is made as soon as there is a
/// way. Nothing is lost by that: by then the server has long taken a silent fetcher's frames for
/// lost, and a fetcher says all there is to say anew. Other links wait, for what is under way comes
/// later.
inline constexpr int kLongestUnansweredMs = 10'000;

/// Runs `call`, in which ZeroMQ may throw, and turns that into Error(kIo): "`what`: reason".
void WithZmq(std::string_view what, const std::function<void()>& call);

/// The next part of a message into `part`; false if there is none. Never blocks.
bool TryReceivePart(zmq::socket_t& socket, zmq::message_t& part);

/// Takes what follows `part` of the same message. True if nothing did: it was the last part.
bool SkipToEndOfMessage(zmq::socket_t& socket, const zmq::message_t& part);

/// The address, without its port, that a message came from; `unknown` for one on ipc://.
std::string PeerOf(zmq::message_t& message);

/// Queues one part. False if the peer is gone. Never blocks where there is no high-water mark.
bool TrySendPart(zmq::socket_t& socket, std::string_view part, zmq::send_flags flags);
/// The same for a message, or its last part, without a copy; `message` stays as it is where it is
/// false, also at the high-water mark.
bool TrySendMessage(zmq::socket_t& socket, zmq::message_t& message);

}  // namespace rk
