#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/event_fd.h"
#include "lib/base/log.h"
#include "lib/batch/delivery_sink.h"
#include "lib/batch/failure_tally.h"
#include "lib/batch/frame.h"
#include "lib/kafka/config.h"
#include "lib/kafka/output_router.h"
#include "lib/kafka/placement.h"
#include "lib/kafka/producer_batches.h"
#include "lib/kafka/producer_client.h"

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
/// brokers do not take now is tried again for as long as this object lives (docs/architecture.md,
/// I3). Used by one thread.
///
/// Records of one partition are stored in the order of Produce() calls, also around a request that
/// the broker rejects for a reason that lies in a record: its records are produced again, each
/// alone, in order, and only the one that is rejected alone goes to the dead letters (I7, I10).
/// A batch that was read from the topic that it goes to is produced, with a warning, once.
/// A dead letter that its topic does not take goes without its value (and `rk-value-bytes`), or
/// without its timestamp (and `rk-timestamp`).
///
/// Two clients share the work. The pipelined one has many records in flight; when the brokers
/// reject one for good it stores nothing more, so that nothing overtakes, and is replaced. The
/// serial one is sent records one by one, which is how a partition goes on after a rejection, and
/// a rejection does it no harm. Where a rejected request is tried again: OnNotStored() puts its
/// records back into their queues, Recover() sends them.
///
/// Serve() blocks for no more than the time it takes to replace the client after a rejected request
/// (milliseconds) or to make the dead-letter topic (once), and throws Error(kMissing) (the topic is
/// gone), kNotAuthorised, kConfiguration (the dead-letter topic rejects a record; a partition of
/// the input that the output has not).
class Producer : public DeliverySink, private ProducerClient::Listener {
 public:
  struct Options {
    ClientSettings client;
    TargetTopic output;
    TargetTopic dead_letters;
    /// The output topic's max.message.bytes: larger batches would be rejected. Default: Kafka's.
    std::optional<int64_t> max_batch_bytes;
    Placement placement;
    /// Makes the dead-letter topic, where it is missing (dead_letters.partitions is 0), when the
    /// first dead letter comes; returns its partitions. Throws Error, as Serve() does then.
    std::function<int32_t()> make_dead_letters;
    std::string cluster_id = {};  ///< of the brokers; empty where they have none
  };

  /// Throws Error(kConfiguration) for properties that librdkafka does not take or that would break
  /// the above. Connects in the background.
  Producer(const Options& options, FailureTally& failures, const Log& log);
  /// With clients of the caller's, for tests.
  Producer(Options options, ProducerClientFactory make_client, FailureTally& failures, Log log);
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  void Produce(FramePtr frame) override;
  std::vector<FramePtr> Serve() override;
  int fd() const override { return wakeup_.fd(); }
  std::chrono::milliseconds poll_timeout() const override;
  size_t outstanding() const override { return batches_.count(); }
  size_t outstanding_bytes() const override { return batches_.bytes(); }
  Clock::duration stalled(Clock::time_point now) const override;
  Error StallError() const override;
  const Totals& totals() const override { return totals_; }
  bool shared() const override { return true; }
  std::vector<FramePtr> Abandon() override;

 private:
  void OnStored(QueuedRecord& record, size_t value_bytes) override;
  void OnNotStored(QueuedRecord& record, const DeliveryError& error) override;
  void OnFatal(const ProducerClient& client, const FatalError& error) override;

  void Start(std::unique_ptr<ProducerClient>& client, AfterRejection after_rejection);
  void CountPartitions(ProducerClient& client);
  void MakeDeadLetterTopic();
  void WarnOfCircle(const BatchInfo& batch, Destination destination);
  void OnTick();
  /// The output partition that a batch is placed in, if not by key. Throws Error(kConfiguration).
  std::optional<int32_t> PlacedIn(const BatchInfo& batch);
  void Enqueue(QueuedRecord& record, Destination destination, std::optional<int32_t> placed);
  void Send(QueuedRecord& record);
  void SendWaiting(OutputPartitionQueue& queue);
  void RouteToDeadLetter(QueuedRecord& record, const DeliveryError& error);
  void BeginRecovery();
  void Recover();

  Options options_;
  Log log_;
  ProducerClientFactory make_client_;
  FailureTally& failures_;
  OutputRouter router_;
  EventFd wakeup_;
  ProducerBatches batches_;
  // After the batches, whose values they borrow.
  std::unique_ptr<ProducerClient> pipelined_;
  std::unique_ptr<ProducerClient> serial_;  ///< from the first rejection on
  size_t in_flight_ = 0;                    ///< records that a client has
  bool recovering_ = false;
  bool serial_ended_ = false;
  bool circle_warned_ = false;
  Clock::time_point last_progress_;
  Clock::time_point next_tick_;
  Totals totals_;
  uint64_t stored_before_ = 0;  ///< records, when the last client started
};

}  // namespace rk
