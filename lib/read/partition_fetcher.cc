#include "lib/read/partition_fetcher.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "lib/base/clock.h"
#include "lib/base/error.h"

namespace rk {

PartitionFetcher::PartitionFetcher(const ReaderOptions& options, Identity identity,
                                   Consumer& consumer, Window& window, Metrics& metrics, Log log)
    : options_(options),
      identity_(std::move(identity)),
      consumer_(consumer),
      window_(window),
      log_(std::move(log)),
      records_(metrics.Counter("records")),
      bytes_(metrics.Counter("bytes")),
      batches_(metrics.Counter("batches")),
      metrics_(metrics),
      lag_(metrics.Gauge("lag_records")) {}

void PartitionFetcher::Add(const TopicPartition& partition, int64_t start, int64_t end) {
  readings_[partition] = {start, end, start >= end, false, std::nullopt};
}

void PartitionFetcher::FetchRound(Sender& sender) {
  more_to_fetch_ = false;
  for (size_t turn = 0; turn < readings_.size() && !has_count(); ++turn) {
    if (!window_.WantsMore()) {
      more_to_fetch_ = true;
      return;
    }
    const auto next = NextReading();
    last_fetched_ = next->first;
    if (FetchOne(next->first, next->second, sender)) more_to_fetch_ = true;
  }
}

std::map<TopicPartition, PartitionFetcher::Reading>::iterator PartitionFetcher::NextReading() {
  const auto next = readings_.upper_bound(last_fetched_);
  return next == readings_.end() ? readings_.begin() : next;
}

bool PartitionFetcher::FetchOne(const TopicPartition& partition, Reading& reading, Sender& sender) {
  if (reading.held) return false;
  // Where it goes on is committed before anything of it is sent.
  if (reading.rewind_to) return TryRewind(partition, reading);
  if (reading.at_end && (options_.exit_at_end || options_.end)) return false;
  Consumer::Limits limits = options_.batch;
  limits.end_offset = reading.end;
  if (options_.count) limits.records = std::min<size_t>(limits.records, *options_.count - fetched_);
  auto fetched = consumer_.Fetch(NextBatch(partition), limits);
  const bool got = fetched.frame.has_value();
  if (got) {
    reading.at_end = fetched.frame->info().next_offset >= reading.end;
    Send(partition, std::move(*fetched.frame), sender);
  }
  if (fetched.end_offset) {
    window_.With([&](Ledger& ledger) { ledger.Skip(partition, *fetched.end_offset); });
    reading.at_end = true;
  }
  if (fetched.lost) SkipLoss(partition, *fetched.lost);
  if (fetched.rewind) {
    CheckRewind(partition, *fetched.rewind);
    reading.rewind_to = fetched.rewind->offset;
    reading.at_end = false;
  }
  return got;
}

BatchInfo PartitionFetcher::NextBatch(const TopicPartition& partition) {
  BatchInfo info;
  info.origin = identity_.origin;
  info.group = identity_.group;
  info.topic = partition.topic;
  info.partition = partition.partition;
  info.ack_endpoint = identity_.ack_endpoint;
  info.cluster_id = identity_.cluster_id;
  info.read_time_ns = Nanoseconds(CLOCK_REALTIME);
  window_.With([&](Ledger& ledger) {
    info.epoch = ledger.epoch(partition);
    info.first_offset = ledger.next_offset(partition);
  });
  return info;
}

void PartitionFetcher::Send(const TopicPartition& partition, Frame frame, Sender& sender) {
  const size_t bytes = frame.bytes().size();
  fetched_ += frame.record_count();
  records_.Add(frame.record_count());
  bytes_.Add(bytes);
  batches_.Add(1);
  window_.With([&](Ledger& ledger) { ledger.Add(partition, std::move(frame)); });
  sender.Added(bytes);
}

void PartitionFetcher::SkipLoss(const TopicPartition& partition, OffsetRange lost) {
  const std::string what = fmt::format(
      "topic {} partition {}: offsets {} to {} are no longer on the broker (retention overtook the "
      "reader)",
      partition.topic, partition.partition, lost.first, lost.next);
  if (!options_.skip_lost) {
    throw Error(ErrorKind::kBadData,
                what + "; restart with -o or with --on-offset-loss=skip to accept the loss");
  }
  log_(LogLevel::kWarning, what + "; continuing after them");
  window_.With([&](Ledger& ledger) { ledger.Skip(partition, lost.next); });
  consumer_.Restart({partition, lost.next});
}

// A new topic has lost nothing of ours. A log that was cut has: what we read behind the cut is not
// what others will.
void PartitionFetcher::CheckRewind(const TopicPartition& partition,
                                   Consumer::Fetched::Rewind rewind) {
  const std::string where =
      fmt::format("topic {} partition {}", partition.topic, partition.partition);
  if (rewind.new_topic) {
    log_(LogLevel::kWarning,
         fmt::format("{}: the topic was deleted and created again; reading it from its beginning, "
                     "offset {}",
                     where, rewind.offset));
    return;
  }
  const std::string what = fmt::format(
      "{}: the broker's log was cut at offset {}, before what was read up to {} (unclean leader "
      "election, lost disk; or -o is past the end)",
      where, rewind.offset,
      window_.With([&](Ledger& ledger) { return ledger.next_offset(partition); }));
  if (!options_.skip_lost) {
    throw Error(ErrorKind::kBadData,
                what + "; restart with -o, or with --on-offset-loss=skip to continue there");
  }
  log_(LogLevel::kWarning, what + "; continuing there");
}

// What is in flight was read under the old epoch: it is written first, since a writer drops what it
// holds back of an epoch when it hears of a later one.
bool PartitionFetcher::TryRewind(const TopicPartition& partition, Reading& reading) {
  const int64_t offset = *reading.rewind_to;
  const bool rewound = window_.With([&](Ledger& ledger) {
    if (!ledger.Idle(partition)) return false;
    ledger.Assign(partition, Nanoseconds(CLOCK_BOOTTIME), offset);
    return true;
  });
  if (!rewound) return false;
  reading.rewind_to.reset();
  consumer_.Restart({partition, offset});
  rewound_.push_back(partition);
  return true;
}

bool PartitionFetcher::at_end() const {
  return std::ranges::all_of(readings_, [](const auto& entry) { return entry.second.at_end; });
}

PartitionFetcher::Way PartitionFetcher::way() {
  Way way;
  for (const auto& [partition, reading] : readings_) {
    const int64_t floor = window_.With(
        [&, &partition = partition](Ledger& ledger) { return ledger.floor(partition); });
    const int64_t end = std::min(consumer_.CachedEnd(partition).value_or(floor), reading.end);
    way.done += static_cast<uint64_t>(std::max<int64_t>(floor - reading.start, 0));
    way.total += static_cast<uint64_t>(std::max<int64_t>(end - reading.start, 0));
  }
  return way;
}

void PartitionFetcher::MeasureLag() {
  uint64_t sum = 0;
  std::vector<LabelledNumber> lags;
  for (const auto& [partition, reading] : readings_) {
    const auto end = consumer_.CachedEnd(partition);
    const int64_t floor = window_.With(
        [&, &partition = partition](Ledger& ledger) { return ledger.floor(partition); });
    const uint64_t lag = end && *end > floor ? static_cast<uint64_t>(*end - floor) : 0;
    sum += lag;
    lags.push_back(
        {fmt::format("topic=\"{}\",partition=\"{}\"", partition.topic, partition.partition), lag});
  }
  if (lags.size() > kMostPartitions) {
    std::ranges::stable_sort(lags, std::greater(), &LabelledNumber::value);
    lags.resize(kMostPartitions);
  }
  lag_.Set(sum);
  metrics_.SetAll("partition_lag_records", MetricKind::kGauge, std::move(lags));
}

}  // namespace rk
