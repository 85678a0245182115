#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/log.h"
#include "lib/kafka/consumer.h"
#include "lib/observe/metrics.h"
#include "lib/read/reader_options.h"
#include "lib/read/sender.h"
#include "lib/read/window.h"

namespace rk {

/// Takes what Kafka has of each partition, in turns, into the window as batches. For the thread
/// that reads Kafka alone.
class PartitionFetcher {
 public:
  static constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max();

  /// What every batch of this reader says of itself.
  struct Identity {
    Origin origin{};
    std::string group;
    std::string ack_endpoint;
    std::string cluster_id;
  };

  /// All of them must outlive it, `options` too.
  PartitionFetcher(const ReaderOptions& options, Identity identity, Consumer& consumer,
                   Window& window, Metrics& metrics, Log log);

  /// The partition is ours from `start` on; its last record is the one before `end`.
  void Add(const TopicPartition& partition, int64_t start, int64_t end);
  void Remove(const TopicPartition& partition) { readings_.erase(partition); }
  bool empty() const { return readings_.empty(); }
  /// Takes nothing of the partition, which is ours, for as long as it is held.
  void Hold(const TopicPartition& partition, bool held) { readings_.at(partition).held = held; }

  /// Takes at most one batch of each partition, as long as the window wants more. Throws
  /// Error(kBadData) for a loss that the options do not accept, and what Consumer::Fetch() throws.
  void FetchRound(Sender& sender);
  /// True if another round now would find something.
  bool more_to_fetch() const { return more_to_fetch_; }

  /// Those that begin again under a new epoch since the last call: their starts are to be
  /// committed.
  std::vector<TopicPartition> TakeRewound() { return std::exchange(rewound_, {}); }

  /// As many records as were asked for have been read.
  bool has_count() const { return options_.count && fetched_ >= *options_.count; }
  /// The end of every partition, or where the options end it, has been reached.
  bool at_end() const;
  /// Tells the metrics what lies between the floors and the ends, as the last fetch saw them: in
  /// all, and of the kMostPartitions that have the most.
  void MeasureLag();
  static constexpr size_t kMostPartitions = 100;
  /// Offsets from the starts, in all partitions: up to the floors, and up to where reading ends.
  struct Way {
    uint64_t done = 0;
    uint64_t total = 0;
  };
  Way way();

 private:
  struct Reading {
    int64_t start = 0;
    int64_t end = kNoEnd;  ///< where -o e@MS says to stop
    bool at_end = false;
    bool held = false;
    std::optional<int64_t> rewind_to;  ///< as soon as nothing is in flight
  };

  bool FetchOne(const TopicPartition& partition, Reading& reading, Sender& sender);
  BatchInfo NextBatch(const TopicPartition& partition);
  void Send(const TopicPartition& partition, Frame frame, Sender& sender);
  void SkipLoss(const TopicPartition& partition, OffsetRange lost);
  void CheckRewind(const TopicPartition& partition, Consumer::Fetched::Rewind rewind);
  bool TryRewind(const TopicPartition& partition, Reading& reading);
  std::map<TopicPartition, Reading>::iterator NextReading();

  const ReaderOptions& options_;
  const Identity identity_;
  Consumer& consumer_;
  Window& window_;
  Log log_;
  std::map<TopicPartition, Reading> readings_;
  TopicPartition last_fetched_;
  bool more_to_fetch_ = false;
  uint64_t fetched_ = 0;  ///< records
  std::vector<TopicPartition> rewound_;
  Metric& records_;
  Metric& bytes_;
  Metric& batches_;
  Metrics& metrics_;
  Metric& lag_;
};

}  // namespace rk
