#pragma once

#include "lib/batch/frame.h"

namespace rk {

/// Where a stage's frames go. Used by one thread.
class Sink {
 public:
  virtual ~Sink() = default;

  /// Hands the frame to the link; blocks while the link pushes back. When it returns, `frame` is
  /// not referenced any more. Throws Error(kBrokenPipe) if whoever read our output is gone,
  /// Error(kIo).
  virtual void Send(const Frame& frame) = 0;

  /// Tells the next stage that the stream is complete, where the link has such a thing.
  virtual void Finish(const Origin& origin) = 0;

  /// Poll it with no events: POLLERR means that whoever read our output is gone. The sink keeps it.
  virtual int fd() const = 0;

  /// False where nobody will acknowledge what is sent (a regular file, /dev/null): sent is all
  /// there is.
  virtual bool acknowledged() const { return true; }
};

}  // namespace rk
