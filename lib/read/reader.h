#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "lib/batch/ledger.h"
#include "lib/kafka/consumer.h"
#include "lib/link/sink.h"
#include "lib/observe/metrics.h"
#include "lib/read/ack_receiver.h"
#include "lib/read/group_watch.h"
#include "lib/read/new_partitions.h"
#include "lib/read/offset_committer.h"
#include "lib/read/partition_fetcher.h"
#include "lib/read/reader_options.h"
#include "lib/read/reader_topics.h"
#include "lib/read/sender.h"
#include "lib/read/start_offsets.h"
#include "lib/read/window.h"

namespace rk {

/// rk-read: Kafka → frames, each kept until it is acknowledged (docs/architecture.md, "The
/// reader").
///
/// Three threads, so that none ever waits for another's partner: Run()'s own polls Kafka, Sender's
/// may block on the link, AckReceiver's takes acknowledgements. They meet in the Window. What is to
/// be decided is decided elsewhere: what to commit in OffsetCommitter, where a partition starts in
/// StartOffsets, what is sent again in the Ledger.
///
/// The constructor, Run() and the destructor are for one thread.
class Reader : private Consumer::Listener {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds kBetweenTicks{1000};

  /// What it stands on; OpenReader() (lib/read/open_reader.h) takes the real ones.
  struct Dependencies {
    Sink& sink;
    std::unique_ptr<Consumer> consumer;
    FoundTopics found;
    int drain_fd = -1;  ///< becomes and stays readable once a drain was asked for
    /// At the end of a drain: whether a successor is to have our place in the group.
    std::function<bool()> is_replaced;
    Metrics& metrics;
    Log log;
    std::function<Clock::time_point()> now = Clock::now;
  };

  /// Joins in. Throws Error(kMissing), Error(kUnavailable), ….
  Reader(const ReaderOptions& options, Dependencies dependencies);
  ~Reader() override = default;

  /// Reads until the end, the count or a drain; returns when everything that was read is
  /// acknowledged and committed, and END is on its way.
  void Run();

  /// How far it is on its way to the end, in offsets from where it began: what is acknowledged, and
  /// all that there is. As it was a second ago at most. Any thread.
  uint64_t done() const { return done_; }
  uint64_t total() const { return total_; }

 private:
  std::vector<PartitionOffset> OnAssigned(const std::vector<TopicPartition>& partitions) override;
  void OnRevoked(const std::vector<TopicPartition>& partitions, bool lost) override;
  std::vector<PartitionOffset> Begin(const std::vector<TopicPartition>& partitions);
  void GiveUp(const TopicPartition& partition);

  void Step();
  void OnRewound(const std::vector<TopicPartition>& partitions);
  void Wait();
  void OnTick(Clock::time_point now);
  bool Stopping() const;
  bool Finished();

  void TellMember();
  void CommitStarts(const std::vector<PartitionOffset>& starts);
  void CommitHeldStarts();
  bool TryCommitStarts(const std::vector<PartitionOffset>& starts);

  bool CommitAll(const OffsetCommitter::Offsets& offsets);
  void CommitAtEnd();
  void TryCommitAll();

  const ReaderOptions options_;
  Sink& sink_;
  Log log_;
  std::function<Clock::time_point()> now_;
  int drain_fd_;
  std::function<bool()> is_replaced_;
  bool draining_ = false;
  const Origin origin_ = RandomOrigin();
  Window window_;
  AckReceiver acks_;
  std::unique_ptr<Consumer> consumer_;
  StartOffsets starts_;
  OffsetCommitter committer_;
  GroupWatch watch_;
  NewPartitions new_partitions_;
  PartitionFetcher fetcher_;
  std::optional<Sender> sender_;  ///< from Run() on
  bool assigned_ = false;         ///< the group has answered
  /// Where partitions of ours start that nothing is sent of yet: the group did not take it.
  std::map<TopicPartition, int64_t> held_;
  Clock::time_point next_tick_;
  std::atomic<uint64_t> done_ = 0;
  std::atomic<uint64_t> total_ = 0;
  Metric& answered_;  ///< 1 once it knows which partitions are its own
};

}  // namespace rk
