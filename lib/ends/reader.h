#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/batch/ledger.h"
#include "lib/ends/ack_receiver.h"
#include "lib/ends/window.h"
#include "lib/kafka/consumer.h"
#include "lib/link/sink.h"
#include "lib/stage/tool.h"

namespace rk {

struct ReaderOptions {
  ClientSettings client;
  std::string topic;
  std::string group;                               ///< empty: none; nothing is committed
  std::string instance;                            ///< group.instance.id
  std::optional<std::vector<int32_t>> partitions;  ///< fixed ones; an empty list is all of them
  StartOffset start;
  bool exit_at_end = false;
  std::optional<uint64_t> count;  ///< records to read, then drain
  Consumer::Limits batch;
  Ledger::Limits window;
};

/// Asks the brokers whether the topic and the fixed partitions are there; throws what the Reader
/// would.
void CheckReader(const ReaderOptions& options, const Log& log);

/// rk-read: Kafka → frames, each kept until it is acknowledged (DESIGN "The reader").
///
/// Three threads, so that none ever waits for another's partner: Run()'s own polls Kafka, Sender's
/// may block on the link, AckReceiver's takes acknowledgements. They meet in the Window.
class Reader : private Consumer::Listener {
 public:
  /// Checks the topic and joins in. Throws Error(kMissing), Error(kUnavailable), ….
  Reader(const ReaderOptions& options, Sink& sink, Stage& stage);
  /// Reads until the end, the count or a drain; returns when everything that was read is
  /// acknowledged and committed, and END is on its way.
  void Run();

 private:
  struct Reading {
    int64_t committed = -1;  ///< what this process has asked to commit
    bool at_end = false;
  };

  std::vector<int64_t> OnAssigned(const std::vector<TopicPartition>& partitions) override;
  void OnRevoked(const std::vector<TopicPartition>& partitions, bool lost) override;

  std::vector<int64_t> StartsOf(const std::vector<TopicPartition>& partitions);
  void Begin(const std::vector<TopicPartition>& partitions, const std::vector<int64_t>& starts);
  void GiveUp(const TopicPartition& partition);

  void ReadUntilFinished();
  void Wait();
  void FetchRound();
  bool FetchOne(const TopicPartition& partition, Reading& reading);
  std::map<TopicPartition, Reading>::iterator NextReading();
  bool HasRoom();
  bool Stopping() const;
  bool Finished();

  std::vector<PartitionOffset> Uncommitted();
  void KeepHouse();
  void ReplayOverdue();
  void CommitAll();
  void TryCommitAll();

  ReaderOptions options_;
  Sink& sink_;
  Stage& stage_;
  const Origin origin_ = RandomOrigin();
  Window window_;
  AckReceiver acks_;
  std::unique_ptr<Consumer> consumer_;
  std::string cluster_id_;

  std::map<TopicPartition, Reading> readings_;
  std::set<TopicPartition> begun_;  ///< partitions that -o has been applied to
  bool assigned_ = false;           ///< the group has answered
  bool more_to_fetch_ = false;
  TopicPartition last_fetched_;  ///< partitions take turns
  uint64_t fetched_ = 0;
  std::chrono::steady_clock::time_point next_housekeeping_;

  Metric& records_;
  Metric& bytes_;
  Metric& batches_;
};

}  // namespace rk
