#pragma once

#include <poll.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "lib/base/descriptor.h"
#include "lib/http/answer.h"
#include "lib/http/request.h"

namespace rk {

/// A client of an HttpServer, from its first byte to its last. Never blocks. One thread.
class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  /// `fd` does not block.
  Connection(Descriptor fd, Clock::time_point now);

  /// What is to be polled, and Go() called for.
  pollfd Watched() const;
  /// Reads and writes what it can. Returns what was asked, once, when that is known.
  std::optional<HttpParse> Go(Clock::time_point now);

  /// After Go() has returned something.
  void Answer(const HttpAnswer& answer, Clock::time_point now);
  /// To a stream. What it has not taken of the last time it misses.
  void Send(const std::string& text, Clock::time_point now);

  bool streams() const { return state_ == State::kStreaming; }
  /// It may be destroyed.
  bool IsOver(Clock::time_point now) const { return state_ == State::kOver || now >= deadline_; }
  Clock::time_point deadline() const { return deadline_; }
  /// Who has the lowest goes first where there are too many.
  std::pair<int, Clock::time_point> rank() const { return {static_cast<int>(state_), came_}; }

 private:
  /// kEnding: all is sent; what still comes is thrown away, so that closing does not take back what
  /// the client has not read yet.
  enum class State { kOver, kEnding, kReading, kAnswering, kStreaming };

  std::optional<HttpParse> Read();
  void Write(Clock::time_point now);

  Descriptor fd_;
  Clock::time_point came_;
  State state_ = State::kReading;
  std::string in_;
  std::string out_;
  size_t sent_ = 0;    ///< of out_
  bool hears_ = true;  ///< the client has not shut its side down
  Clock::time_point deadline_;
};

}  // namespace rk
