#pragma once

#include <optional>

#include "lib/batch/frame.h"

namespace rk {

/// Where a stage's frames come from. Used by one thread. Pipe today; the ZeroMQ links implement the
/// same, so no tool knows which one it has.
class Source {
 public:
  virtual ~Source() = default;

  /// The next data frame if a whole one is there, else nullopt. Never blocks.
  /// Throws Error(kBadData) for broken bytes (naming the position), Error(kTryAgain) when the input
  /// ended without END, Error(kIo).
  virtual std::optional<Frame> TryReceive() = 0;

  /// True once END has come: nothing follows.
  virtual bool ended() const = 0;

  /// The reader that the last frame came from, END included; zeros before the first.
  virtual Origin origin() const = 0;

  /// Poll it for POLLIN when TryReceive() had nothing. The source keeps it.
  virtual int fd() const = 0;

  /// False for frames that can be read again at will (a regular file): nobody waits for their
  /// acknowledgement.
  virtual bool acknowledged() const { return true; }
};

}  // namespace rk
