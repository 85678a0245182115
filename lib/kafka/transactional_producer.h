#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/base/event_fd.h"
#include "lib/base/log.h"
#include "lib/batch/failure_tally.h"
#include "lib/batch/transactional_sink.h"
#include "lib/kafka/output_router.h"
#include "lib/kafka/producer.h"
#include "lib/kafka/producer_batches.h"
#include "lib/kafka/transaction_client.h"

namespace rk {

/// Writes frames to Kafka in transactions: good records to the output topic, failed ones to the
/// dead-letter topic, and how far their readers are to the readers' groups (docs/architecture.md,
/// Exactly once). What to do next is decided by TransactionFlow; this carries it out. Used by one
/// thread; nothing blocks but the wait of 1.3 s at most for a producer that is replaced.
///
/// A record that the broker refuses aborts the transaction, whose batches are produced again: the
/// records that shared its request each alone, and the one that is refused alone as a dead letter
/// (I7, X6). Order is that of Produce() within each partition of the input.
///
/// Serve() throws Error(kMissing), kNotAuthorised, kConfiguration as Producer does, and kTryAgain
/// if somebody else keeps taking the transactional id.
class TransactionalProducer : public TransactionalSink, private ProducerClient::Listener {
 public:
  struct Options {
    Producer::Options topics;  ///< its dead-letter topic is there
    std::string transactional_id;
    std::chrono::milliseconds commit_interval{100};
  };

  /// Throws Error(kConfiguration). Connects in the background.
  TransactionalProducer(const Options& options, FailureTally& failures, const Log& log);
  /// With clients of the caller's, for tests.
  TransactionalProducer(const Options& options, TransactionClientFactory make_client,
                        FailureTally& failures, Log log);
  TransactionalProducer(const TransactionalProducer&) = delete;
  TransactionalProducer& operator=(const TransactionalProducer&) = delete;

  void Produce(FramePtr frame) override;
  std::vector<FramePtr> Serve() override;
  int fd() const override { return wakeup_.fd(); }
  std::chrono::milliseconds poll_timeout() const override;
  size_t outstanding() const override { return flow_.outstanding(); }
  size_t outstanding_bytes() const override { return flow_.outstanding_bytes(); }
  Clock::duration stalled(Clock::time_point now) const override;
  Error StallError() const override;
  const Totals& totals() const override { return totals_; }
  bool shared() const override { return true; }
  std::vector<FramePtr> Abandon() override;

  TransactionFlow& flow() override { return flow_; }
  const std::string& transactional_id() const override { return options_.transactional_id; }
  const Counts& counts() const override { return counts_; }
  std::vector<std::chrono::nanoseconds> TakeCommitTimes() override {
    return std::exchange(commit_times_, {});
  }
  std::vector<FramePtr> TakeDropped() override;

 private:
  void OnStored(QueuedRecord& record, size_t value_bytes) override;
  void OnNotStored(QueuedRecord& record, const DeliveryError& error) override;
  void OnFatal(const ProducerClient& client, const FatalError& error) override;

  void Advance();
  bool Take(TransactionFlow::Step step);
  void Open();
  void Begin();
  void TakeResult();
  void OnLost(bool fenced, const std::string& why);
  void OnFenced();
  void CheckCluster(const BatchInfo& batch) const;
  void ProduceFrame(const TransactionFlow::ToProduce& next);
  ProducedBatch& BatchOf(const FramePtr& frame);
  void Enqueue(QueuedRecord& record, std::optional<int32_t> placed);
  void Send(QueuedRecord& record);
  void Reject(QueuedRecord& record, const DeliveryError& error);
  std::optional<int32_t> PlacedIn(const BatchInfo& batch);
  void Count(const Frame& frame);

  Options options_;
  Log log_;
  TransactionClientFactory make_client_;
  FailureTally& failures_;
  OutputRouter router_;
  EventFd wakeup_;
  TransactionFlow flow_;
  /// What was produced of them, kept over aborts: what became of their records.
  std::unordered_map<const Frame*, std::unique_ptr<ProducedBatch>> batches_;
  std::unique_ptr<TransactionClient> client_;  ///< after the batches, whose values it borrows
  TransactionFlow::Step step_ = TransactionFlow::Step::kNothing;  ///< under way
  size_t in_flight_ = 0;                                          ///< records that the client has
  bool dead_ = false;                                             ///< the client told us so
  bool dead_fenced_ = false;
  std::string dead_why_;
  int fenced_in_a_row_ = 0;
  std::optional<Clock::time_point> last_fenced_;
  Clock::time_point last_progress_;
  Clock::time_point step_began_;
  Totals totals_;
  Counts counts_;
  std::vector<std::chrono::nanoseconds> commit_times_;
};

}  // namespace rk
