#pragma once

#include "lib/batch/frame.h"

namespace rk {

/// Where a stage's frames go: a pipe, or one of the ZeroMQ links. Used by one thread at a time.
class Sink {
 public:
  virtual ~Sink() = default;

  /// Hands the frame to the link; blocks while the link pushes back. When it returns, `frame` is
  /// not referenced any more. Throws Error(kBrokenPipe) if whoever read our output is gone,
  /// Error(kIo).
  virtual void Send(const Frame& frame) = 0;
  /// The same, and `frame` is the link's to keep, which saves a copy where one waits for its turn.
  virtual void Give(Frame frame) { Send(frame); }

  /// True if Send() of a frame of so many bytes surely would not block now.
  virtual bool HasRoom(size_t /*bytes*/) const { return false; }

  /// Nothing follows: tells the next stage, where the link has such a thing, and waits until what
  /// was sent is out of our hands.
  virtual void Finish(const Origin& origin) = 0;

  /// Poll it with no events: POLLERR means that whoever read our output is gone. The sink keeps it;
  /// -1 where the link outlives its other end.
  virtual int fd() const = 0;

  /// Throws Error(kTryAgain) if a drain was asked for and nobody ever came for what was sent. To be
  /// called every second or so by who waits for more than this sink.
  virtual void CheckNeighbour() {}

  /// False where nobody will acknowledge what is sent (a regular file, /dev/null): sent is all
  /// there is.
  virtual bool acknowledged() const { return true; }

  /// True where a frame can get lost without the stage hearing of it, when a process dies.
  virtual bool lossy() const { return false; }
};

}  // namespace rk
