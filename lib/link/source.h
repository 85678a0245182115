#pragma once

#include <optional>

#include "lib/batch/frame.h"
#include "lib/link/ready_message.h"

namespace rk {

/// Where a stage's frames come from: a pipe, or one of the ZeroMQ links; no stage knows which. Used
/// by one thread.
class Source {
 public:
  virtual ~Source() = default;

  /// The next data frame if a whole one is there, else nullopt. Never blocks.
  /// Throws Error(kBadData) for broken bytes (naming the position), Error(kTryAgain) when the input
  /// ended without END, also within a frame, Error(kIo).
  virtual std::optional<Frame> TryReceive() = 0;

  /// The stage needs the frame no more: what became of it is with the next stage, or with Kafka.
  /// Once for each frame received, or for each of the parts that tile it; whoever gave it to us
  /// hears of it, where the link has a way.
  virtual void Done(const HeldRange& /*batch*/) {}

  /// The stage has dropped all frames that are not done: whoever gave them to us hears that they
  /// are lost, where the link has a way.
  virtual void Abandon() {}

  /// Asks for nothing more, where the link has a way: ended() becomes true once what is under way
  /// has come. A pipe goes on until END.
  virtual void Leave() {}

  /// True once nothing follows: after END on a pipe, after Leave() on other links.
  virtual bool ended() const = 0;

  /// True if its end says that nothing is missing: a pipe's does, where all goes to one process.
  virtual bool has_end() const { return false; }

  /// The reader that the last frame came from, END included; zeros before the first.
  virtual Origin origin() const = 0;

  /// Poll it for POLLIN when TryReceive() had nothing. The source keeps it.
  virtual int fd() const = 0;

  /// False for frames that can be read again at will (a regular file): nobody waits for their
  /// acknowledgement.
  virtual bool acknowledged() const { return true; }
};

}  // namespace rk
