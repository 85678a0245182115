#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "lib/base/error.h"
#include "lib/batch/frame.h"

namespace rk {

class TransactionalSink;

/// Where the last stage's frames go: topics of Kafka, or a descriptor. One thread uses it, which
/// polls fd(). Frames are kept, not copied, until they are done; how many is the caller's to bound,
/// by outstanding_bytes().
class DeliverySink {
 public:
  using FramePtr = std::shared_ptr<const Frame>;
  using Clock = std::chrono::steady_clock;

  /// Since the start; every record was stored.
  struct Totals {
    uint64_t records = 0;       ///< those that were good
    uint64_t dead_letters = 0;  ///< those that an earlier stage failed
    uint64_t bytes = 0;         ///< of the good ones' values
    uint64_t lost = 0;          ///< failed ones that, or whose values, are stored nowhere

    uint64_t stored() const { return records + dead_letters; }
  };

  virtual ~DeliverySink() = default;

  /// Takes a data frame. Throws what Serve() throws.
  virtual void Produce(FramePtr frame) = 0;
  /// Goes on with what is under way, and returns the frames that became done: each of their records
  /// is stored or was filtered. Throws Error for what no trying again will change.
  virtual std::vector<FramePtr> Serve() = 0;

  /// Readable when Serve() has something to do. It must be called every poll_timeout() besides.
  virtual int fd() const = 0;
  virtual std::chrono::milliseconds poll_timeout() const = 0;

  /// Frames that are not done, and their bytes.
  virtual size_t outstanding() const = 0;
  virtual size_t outstanding_bytes() const = 0;
  /// How long something has been outstanding without any record being stored; 0 if nothing is.
  virtual Clock::duration stalled(Clock::time_point now) const = 0;
  /// What to throw when the stall has lasted too long: says what there was last to complain of.
  virtual Error StallError() const = 0;

  virtual const Totals& totals() const = 0;

  /// True where another process may write the same partitions of the input to the same place.
  virtual bool shared() const = 0;
  /// Forgets the frames that are not done, and returns them: what of them is not sent by now never
  /// is. Throws what Serve() throws.
  virtual std::vector<FramePtr> Abandon() = 0;

  /// Itself, where it commits transactions (lib/batch/transactional_sink.h); else null.
  virtual TransactionalSink* transactional() { return nullptr; }
};

}  // namespace rk
