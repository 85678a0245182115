#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/batch/ledger.h"
#include "lib/kafka/consumer.h"
#include "lib/link/sink.h"
#include "lib/read/ack_receiver.h"
#include "lib/read/reader_options.h"
#include "lib/read/sender.h"
#include "lib/read/window.h"
#include "lib/stage/tool.h"

namespace rk {

/// Asks the brokers whether the topics and the fixed partitions are there; throws what the Reader
/// would.
void CheckReader(const ReaderOptions& options, const Log& log);

/// Commits for the group, in each partition, the offset where it is to start, and reads nothing.
/// The brokers refuse it while the group has members.
void SetGroupOffsets(const ReaderOptions& options, const Log& log);

/// rk-read: Kafka → frames, each kept until it is acknowledged (docs/architecture.md, The reader).
///
/// Three threads, so that none ever waits for another's partner: Run()'s own polls Kafka, Sender's
/// may block on the link, AckReceiver's takes acknowledgements. They meet in the Window.
class Reader : private Consumer::Listener {
 public:
  /// Checks the topics and joins in. Throws Error(kMissing), Error(kUnavailable), ….
  Reader(const ReaderOptions& options, Sink& sink, Stage& stage);
  /// Reads until the end, the count or a drain; returns when everything that was read is
  /// acknowledged and committed, and END is on its way.
  void Run();

 private:
  static constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max();

  struct Reading {
    int64_t committed = -1;  ///< what this process has asked to commit
    int64_t end = kNoEnd;    ///< where -o e@MS says to stop
    bool at_end = false;
  };

  std::vector<int64_t> OnAssigned(const std::vector<TopicPartition>& partitions) override;
  void OnRevoked(const std::vector<TopicPartition>& partitions, bool lost) override;

  void AddFixed(const std::vector<TopicPartition>& partitions);
  void AddNewPartitions();
  StartOffset StartOf(const TopicPartition& partition);
  std::vector<int64_t> StartsOf(const std::vector<TopicPartition>& partitions);
  std::vector<int64_t> EndsOf(const std::vector<TopicPartition>& partitions);
  void Begin(const std::vector<TopicPartition>& partitions, const std::vector<int64_t>& starts);
  void GiveUp(const TopicPartition& partition);

  void ReadUntilFinished();
  void Wait();
  void FetchRound();
  bool FetchOne(const TopicPartition& partition, Reading& reading);
  BatchInfo NextBatch(const TopicPartition& partition);
  void Add(const TopicPartition& partition, Frame frame);
  void Skip(const TopicPartition& partition, OffsetRange lost);
  std::map<TopicPartition, Reading>::iterator NextReading();
  bool Stopping() const;
  bool Finished();

  bool Commits() const;
  std::vector<PartitionOffset> Uncommitted();
  void Commit();
  void TakeAsCommitted(const std::vector<PartitionOffset>& offsets);
  void TakeNothingAsCommitted();
  void KeepHouse();
  void WatchGroup(std::chrono::steady_clock::time_point now);
  void UpdateLag();
  bool CommitAll();
  void CommitAtEnd();
  void TryCommitAll();

  ReaderOptions options_;
  Sink& sink_;
  Stage& stage_;
  const Origin origin_ = RandomOrigin();
  Window window_;
  AckReceiver acks_;
  std::unique_ptr<Consumer> consumer_;
  std::optional<Sender> sender_;  ///< from Run() on
  std::string cluster_id_;

  std::map<TopicPartition, Reading> readings_;
  std::set<TopicPartition> at_start_;       ///< the partitions there were when we started
  std::set<TopicPartition> begun_;          ///< those that a start has been looked up for
  std::map<TopicPartition, int64_t> left_;  ///< where we were in those given up, if not committed
  bool assigned_ = false;                   ///< the group has answered
  bool more_to_fetch_ = false;
  TopicPartition last_fetched_;  ///< partitions take turns
  uint64_t fetched_ = 0;
  std::chrono::steady_clock::time_point next_housekeeping_;
  std::chrono::steady_clock::time_point next_look_;  ///< for new partitions
  std::chrono::steady_clock::time_point answered_;   ///< the last moment when the group had
  std::chrono::steady_clock::time_point next_complaint_;

  Metric& records_;
  Metric& bytes_;
  Metric& batches_;
  Metric& lag_;
};

}  // namespace rk
