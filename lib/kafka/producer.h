#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/log.h"
#include "lib/batch/frame.h"
#include "lib/batch/outlet.h"
#include "lib/kafka/config.h"
#include "lib/kafka/placement.h"

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
/// brokers do not take now is tried again for as long as this object lives (docs/architecture.md
/// I3).
///
/// Records of one partition are stored in the order of Produce() calls, also around a request that
/// the broker refuses for a reason that lies in a record: its records are produced again, each
/// alone, in order, and only the one that is refused alone goes to the dead letters (I7, I10).
/// A dead letter that its topic does not take goes without its value (and `rk-value-bytes`), or
/// without its timestamp (and `rk-timestamp`).
///
/// Serve() blocks for no more than the time it takes to replace the client after a refused request
/// (milliseconds), and throws Error(kMissing) (the topic is gone), kNotAuthorised, kConfiguration
/// (the dead-letter topic refuses a record; a partition of the input that the output has not).
class Producer : public Outlet {
 public:
  struct Options {
    ClientSettings client;
    TargetTopic output;
    TargetTopic dead_letters;
    /// The output topic's max.message.bytes: larger batches would be refused. Default: Kafka's.
    std::optional<int64_t> max_batch_bytes;
    Placement placement;
  };

  /// Throws Error(kConfiguration) for properties that librdkafka does not take or that would break
  /// the above. Connects in the background.
  Producer(Options options, Log log);
  ~Producer() override;

  void Produce(FramePtr frame) override;
  std::vector<FramePtr> Serve() override;
  int fd() const override;
  std::chrono::milliseconds poll_timeout() const override;
  size_t outstanding() const override;
  size_t outstanding_bytes() const override;
  Clock::duration stalled(Clock::time_point now) const override;
  Error StallError() const override;
  const Totals& totals() const override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rk
