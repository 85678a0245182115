#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/batch/error.h"
#include "lib/batch/frame.h"
#include "lib/batch/log.h"
#include "lib/kafka/config.h"

namespace rk {

/// A topic that records are written to.
struct TargetTopic {
  std::string name;
  int32_t partitions = 0;
};

/// Throws Error(kConfiguration) naming a property that a Producer would refuse. Opens nothing.
void CheckProducerSettings(const ClientSettings& settings);

/// Writes frames to Kafka: good records to the output topic, failed ones to the dead-letter topic,
/// filtered ones nowhere. Idempotent, acks=all, and it never gives a record up by itself: what the
/// brokers do not take now is tried again for as long as this object lives (DESIGN I3).
///
/// Records of one partition are stored in the order of Produce() calls, also around a request that
/// the broker refuses for a reason that lies in a record: its records are produced again, each
/// alone, in order, and only the one that is refused alone goes to the dead letters (I7, I10).
/// A dead letter that its topic does not take goes without its value (and `rk-value-bytes`), or
/// without its timestamp (and `rk-timestamp`).
///
/// One thread uses it, which polls fd(). Frames are kept, not copied, until they are done; how many
/// is the caller's to bound, by outstanding_bytes().
class Producer {
 public:
  using FramePtr = std::shared_ptr<const Frame>;
  using Clock = std::chrono::steady_clock;

  struct Options {
    ClientSettings client;
    TargetTopic output;
    TargetTopic dead_letters;
    /// The output topic's max.message.bytes: larger batches would be refused. Default: Kafka's.
    std::optional<int64_t> max_batch_bytes;
  };

  /// Since the start; every record was stored.
  struct Totals {
    uint64_t records = 0;  ///< on the output topic
    uint64_t dead_letters = 0;
    uint64_t bytes = 0;  ///< of the output's values
  };

  /// Throws Error(kConfiguration) for properties that librdkafka does not take or that would break
  /// the above. Connects in the background.
  Producer(Options options, Log log);
  ~Producer();

  /// Takes a data frame. Throws what Serve() throws.
  void Produce(FramePtr frame);

  /// Takes what the brokers answered and goes on; never blocks for more than the time it takes to
  /// replace the client after a refused request (milliseconds). Returns the frames that became
  /// done: each of their records is stored or was filtered. Throws Error for what no trying again
  /// will change: kMissing (the topic is gone), kNotAuthorised, kConfiguration (the dead-letter
  /// topic refuses a record).
  std::vector<FramePtr> Serve();

  /// Readable when Serve() has something to do. It must be called every poll_timeout() besides.
  int fd() const;
  std::chrono::milliseconds poll_timeout() const;

  /// Frames that are not done, and their bytes.
  size_t outstanding() const;
  size_t outstanding_bytes() const;
  /// How long something has been outstanding without any record being stored; 0 if nothing is.
  Clock::duration stalled(Clock::time_point now) const;
  /// What to throw when the stall has lasted too long: says what the client last complained of.
  Error StallError() const;

  const Totals& totals() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rk
