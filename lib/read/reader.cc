#include "lib/read/reader.h"

#include <poll.h>

#include <algorithm>

#include <fmt/format.h>

#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/read/reader_topics.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBetweenHousekeeping{1000};
constexpr milliseconds kBetweenComplaints{10'000};
constexpr milliseconds kBetweenCommits{100};  // at the end, while the group is rebalanced
constexpr milliseconds kRevokeGrace{3000};    // for what is in flight of a revoked partition

std::unique_ptr<Consumer> MakeConsumer(const ReaderOptions& options, size_t partitions,
                                       const Log& log) {
  return std::make_unique<Consumer>(
      Consumer::Options{options.client, options.group, options.instance, partitions}, log);
}

std::vector<PartitionOffset> Zip(const std::vector<TopicPartition>& partitions,
                                 const std::vector<int64_t>& offsets) {
  std::vector<PartitionOffset> pairs;
  for (size_t i = 0; i < partitions.size(); ++i) pairs.push_back({partitions[i], offsets[i]});
  return pairs;
}

std::string Place(const PartitionOffset& place) {
  return fmt::format("topic={} partition={} offset={}", place.partition.topic,
                     place.partition.partition, place.offset);
}

}  // namespace

void CheckReader(const ReaderOptions& options, const Log& log) {
  FixedPartitions(options, FindTopics(options, log).partitions);
}

void SetGroupOffsets(const ReaderOptions& options, const Log& log) {
  const auto partitions = FixedPartitions(options, FindTopics(options, log).partitions);
  const auto consumer = MakeConsumer(options, partitions.size(), log);
  const auto offsets = Zip(partitions, consumer->Resolve(partitions, options.start));
  (void)consumer->CommitAndWait(offsets);  // no member of the group, so no rebalance is in its way
  for (const auto& offset : offsets)
    log(LogLevel::kInfo, fmt::format("committed group={} {}", options.group, Place(offset)));
}

Reader::Reader(const ReaderOptions& options, Sink& sink, Stage& stage)
    : options_(options),
      sink_(sink),
      stage_(stage),
      window_(options.window),
      acks_(window_, origin_, !options.partitions, stage.log),
      records_(stage.metrics.Counter("records")),
      bytes_(stage.metrics.Counter("bytes")),
      batches_(stage.metrics.Counter("batches")),
      lag_(stage.metrics.Gauge("lag_records")) {
  const FoundTopics found = FindTopics(options, stage.log);
  cluster_id_ = found.cluster_id;
  at_start_ = {found.partitions.begin(), found.partitions.end()};
  if (options.partitions) {
    const auto fixed = FixedPartitions(options, found.partitions);
    consumer_ = MakeConsumer(options, fixed.size(), stage.log);
    AddFixed(fixed);
  } else {
    consumer_ = MakeConsumer(options, found.partitions.size(), stage.log);
    consumer_->Subscribe(options.topics, *this);
  }
}

void Reader::AddFixed(const std::vector<TopicPartition>& partitions) {
  const auto starts = StartsOf(partitions);
  Begin(partitions, starts);
  consumer_->Assign(Zip(partitions, starts));
}

void Reader::Run() {
  sender_.emplace(window_, sink_);
  try {
    ReadUntilFinished();
  } catch (const Error&) {
    TryCommitAll();  // what is acknowledged need not be read twice
    throw;
  }
  sender_->Stop();
  CommitAtEnd();
  consumer_->Close();
  sink_.Finish(origin_);
}

void Reader::ReadUntilFinished() {
  answered_ = steady_clock::now();
  next_complaint_ = answered_ + kBetweenComplaints;
  next_housekeeping_ = answered_ + kBetweenHousekeeping;
  next_look_ = steady_clock::now() + consumer_->refresh_interval();
  while (!Finished()) {
    Wait();
    consumer_->ClearEvents();
    window_.ClearWake();
    consumer_->Poll();
    window_.RethrowFailure();
    FetchRound();
    KeepHouse();
  }
}

// Once, at the first call for a partition. One that comes back after a rebalance goes on where its
// group is, or we were if we commit nothing: -o was for the start. Neither is -o for one that was
// made since: nothing of it may be left out.
StartOffset Reader::StartOf(const TopicPartition& partition) {
  const StartOffset stored{StartOffset::Kind::kStored, 0};
  if (const auto left = left_.find(partition); left != left_.end())
    return {StartOffset::Kind::kAbsolute, left->second};
  if (!begun_.insert(partition).second) return stored;
  if (at_start_.contains(partition)) return options_.start;
  return options_.group.empty() ? StartOffset{StartOffset::Kind::kBeginning, 0} : stored;
}

std::vector<int64_t> Reader::StartsOf(const std::vector<TopicPartition>& partitions) {
  std::map<StartOffset, std::vector<TopicPartition>> by_start;
  for (const auto& partition : partitions) by_start[StartOf(partition)].push_back(partition);
  std::map<TopicPartition, int64_t> starts;
  for (const auto& [start, some] : by_start) {
    const auto offsets = consumer_->Resolve(some, start);
    for (size_t i = 0; i < some.size(); ++i) starts[some[i]] = offsets[i];
  }
  std::vector<int64_t> ordered;
  for (const auto& partition : partitions) ordered.push_back(starts.at(partition));
  return ordered;
}

std::vector<int64_t> Reader::EndsOf(const std::vector<TopicPartition>& partitions) {
  if (!options_.end) return std::vector<int64_t>(partitions.size(), kNoEnd);
  return consumer_->Resolve(partitions, *options_.end);
}

void Reader::Begin(const std::vector<TopicPartition>& partitions,
                   const std::vector<int64_t>& starts) {
  assigned_ = true;
  const int64_t epoch = Nanoseconds(CLOCK_BOOTTIME);
  window_.With([&](Ledger& ledger) {
    for (size_t i = 0; i < partitions.size(); ++i) ledger.Assign(partitions[i], epoch, starts[i]);
  });
  const auto ends = EndsOf(partitions);
  for (size_t i = 0; i < partitions.size(); ++i)
    readings_[partitions[i]] = {-1, ends[i], starts[i] >= ends[i]};
  // So that `latest` survives a crash: the resolved start is what a successor finds.
  Commit();
}

std::vector<int64_t> Reader::OnAssigned(const std::vector<TopicPartition>& partitions) {
  auto starts = StartsOf(partitions);
  Begin(partitions, starts);
  for (const auto& start : Zip(partitions, starts))
    stage_.log(LogLevel::kInfo, "assigned " + Place(start));
  return starts;
}

void Reader::OnRevoked(const std::vector<TopicPartition>& partitions, bool lost) {
  if (!lost) {
    window_.With([&](Ledger& ledger) {
      for (const auto& partition : partitions) ledger.Stop(partition);
    });
    window_.WaitUntil(kRevokeGrace, [&](Ledger& ledger) {
      return std::ranges::all_of(partitions, [&](const auto& p) { return ledger.Idle(p); });
    });
    TryCommitAll();
  }
  for (const auto& partition : partitions) GiveUp(partition);
  assigned_ = !readings_.empty();  // with none left, what comes next decides whether -e is over
}

void Reader::GiveUp(const TopicPartition& partition) {
  int64_t epoch = 0;
  window_.With([&](Ledger& ledger) {
    epoch = ledger.epoch(partition);
    if (!Commits()) left_[partition] = ledger.floor(partition);
    ledger.Revoke(partition);
  });
  acks_.Fence(partition, epoch);
  readings_.erase(partition);
  stage_.log(LogLevel::kInfo,
             fmt::format("given up topic={} partition={}", partition.topic, partition.partition));
}

void Reader::Wait() {
  if (Stopping() || !window_.WantsMore()) window_.AskForWake();
  const bool room = !Stopping() && window_.WantsMore();
  const auto now = steady_clock::now();
  auto until = next_housekeeping_;
  if (const auto due = consumer_->NextDue(); room && due && *due < until) until = *due;
  if (Finished() || (room && more_to_fetch_)) until = now;
  const auto timeout =
      std::chrono::ceil<milliseconds>(std::max(until - now, steady_clock::duration{}));
  pollfd fds[] = {{consumer_->event_fd(), POLLIN, 0},
                  {window_.wake_fd(), POLLIN, 0},
                  {stage_.signals.drain_fd(), POLLIN, 0}};
  poll(fds, stage_.signals.draining() ? 2 : 3, static_cast<int>(timeout.count()));
}

void Reader::FetchRound() {
  more_to_fetch_ = false;
  for (size_t turn = 0; turn < readings_.size() && !Stopping(); ++turn) {
    if (!window_.WantsMore()) {
      more_to_fetch_ = true;
      return;
    }
    const auto next = NextReading();
    last_fetched_ = next->first;
    if (FetchOne(next->first, next->second)) more_to_fetch_ = true;
  }
}

std::map<TopicPartition, Reader::Reading>::iterator Reader::NextReading() {
  const auto next = readings_.upper_bound(last_fetched_);
  return next == readings_.end() ? readings_.begin() : next;
}

bool Reader::FetchOne(const TopicPartition& partition, Reading& reading) {
  if (reading.at_end && (options_.exit_at_end || options_.end)) return false;
  Consumer::Limits limits = options_.batch;
  limits.end_offset = reading.end;
  if (options_.count) limits.records = std::min<size_t>(limits.records, *options_.count - fetched_);
  auto fetched = consumer_->Fetch(NextBatch(partition), limits);
  const bool got = fetched.frame.has_value();
  if (got) {
    reading.at_end = fetched.frame->info().next_offset >= reading.end;
    Add(partition, std::move(*fetched.frame));
  }
  if (fetched.end_offset) {
    window_.With([&](Ledger& ledger) { ledger.Skip(partition, *fetched.end_offset); });
    reading.at_end = true;
  }
  if (fetched.lost) Skip(partition, *fetched.lost);
  return got;
}

BatchInfo Reader::NextBatch(const TopicPartition& partition) {
  BatchInfo info;
  info.origin = origin_;
  info.group = options_.group;
  info.topic = partition.topic;
  info.partition = partition.partition;
  info.ack_endpoint = acks_.endpoint();
  info.cluster_id = cluster_id_;
  info.read_time_ns = Nanoseconds(CLOCK_REALTIME);
  window_.With([&](Ledger& ledger) {
    info.epoch = ledger.epoch(partition);
    info.first_offset = ledger.next_offset(partition);
  });
  return info;
}

void Reader::Add(const TopicPartition& partition, Frame frame) {
  const size_t bytes = frame.bytes().size();
  fetched_ += frame.record_count();
  records_.Add(frame.record_count());
  bytes_.Add(bytes);
  batches_.Add(1);
  window_.With([&](Ledger& ledger) { ledger.Add(partition, std::move(frame)); });
  sender_->Added(bytes);
}

void Reader::Skip(const TopicPartition& partition, OffsetRange lost) {
  const std::string what = fmt::format(
      "topic {} partition {}: offsets {} to {} are not on the broker any more "
      "(retention overtook the reader)",
      partition.topic, partition.partition, lost.first, lost.next);
  if (!options_.skip_lost) {
    throw Error(ErrorKind::kBadData,
                what + "; start again with -o, or with --on-offset-loss=skip, to accept the loss");
  }
  stage_.log(LogLevel::kWarning, what + "; going on behind them");
  window_.With([&](Ledger& ledger) { ledger.Skip(partition, lost.next); });
  consumer_->Restart({partition, lost.next});
}

bool Reader::Stopping() const {
  if (stage_.signals.draining()) return true;
  if (options_.count && fetched_ >= *options_.count) return true;
  return (options_.exit_at_end || options_.end) && assigned_ &&
         std::ranges::all_of(readings_, [](const auto& entry) { return entry.second.at_end; });
}

bool Reader::Finished() {
  return Stopping() && window_.With([](Ledger& ledger) { return ledger.Idle(); });
}

bool Reader::Commits() const {
  return !options_.group.empty() && (sink_.acknowledged() || options_.commit_sent);
}

std::vector<PartitionOffset> Reader::Uncommitted() {
  std::vector<PartitionOffset> offsets;
  if (!Commits()) return offsets;
  for (const auto& [partition, reading] : readings_) {
    const int64_t floor = window_.With(
        [&, &partition = partition](Ledger& ledger) { return ledger.floor(partition); });
    if (floor != reading.committed) offsets.push_back({partition, floor});
  }
  return offsets;
}

void Reader::Commit() {
  const auto offsets = Uncommitted();
  consumer_->Commit(offsets);
  TakeAsCommitted(offsets);
}

void Reader::TakeAsCommitted(const std::vector<PartitionOffset>& offsets) {
  for (const auto& [partition, offset] : offsets) readings_.at(partition).committed = offset;
}

void Reader::TakeNothingAsCommitted() {
  for (auto& [partition, reading] : readings_) reading.committed = -1;
}

void Reader::KeepHouse() {
  const auto now = steady_clock::now();
  if (now < next_housekeeping_) return;
  next_housekeeping_ = now + kBetweenHousekeeping;
  if (consumer_->TakeCommitFailure()) TakeNothingAsCommitted();
  Commit();
  if (sink_.lossy()) window_.ReplayOverdue(stage_.log);
  UpdateLag();
  WatchGroup(now);
  if (now >= next_look_) AddNewPartitions();
}

// A member that lost its session, or never got one, asks again and again without a word.
void Reader::WatchGroup(steady_clock::time_point now) {
  if (assigned_ || options_.partitions || Stopping()) {
    answered_ = now;
    next_complaint_ = now + kBetweenComplaints;
    return;
  }
  const auto waited = std::chrono::duration_cast<std::chrono::seconds>(now - answered_);
  const std::string what = fmt::format("group {}: no answer for {} s to our asking for partitions",
                                       options_.group, waited.count());
  if (waited >= consumer_->join_limit())
    throw Error(ErrorKind::kUnavailable, what + ": is its coordinator reachable?");
  if (now < next_complaint_) return;
  next_complaint_ = now + kBetweenComplaints;
  stage_.log(LogLevel::kWarning, what + "; waiting on");
}

void Reader::UpdateLag() {
  uint64_t lag = 0;
  for (const auto& [partition, reading] : readings_) {
    const auto end = consumer_->CachedEnd(partition);
    const int64_t floor = window_.With(
        [&, &partition = partition](Ledger& ledger) { return ledger.floor(partition); });
    if (end && *end > floor) lag += static_cast<uint64_t>(*end - floor);
  }
  lag_.Set(lag);
}

// A group's members hear of new partitions from librdkafka. What has been found stays assigned: a
// topic that goes is an error of its own.
void Reader::AddNewPartitions() {
  next_look_ = steady_clock::now() + consumer_->refresh_interval();
  if (!options_.partitions || !options_.partitions->empty() || Stopping()) return;
  const auto found = consumer_->TryFind(options_.topics);
  if (!found) return;
  std::vector<TopicPartition> fresh;
  for (const auto& partition : *found)
    if (!readings_.contains(partition)) fresh.push_back(partition);
  if (fresh.empty()) return;
  AddFixed(fresh);
  for (const auto& partition : fresh)
    stage_.log(LogLevel::kInfo, fmt::format("new partition, read from its beginning topic={} "
                                            "partition={}",
                                            partition.topic, partition.partition));
}

// Where it fails, what stays ours is still to be committed.
bool Reader::CommitAll() {
  TakeNothingAsCommitted();
  const auto offsets = Uncommitted();
  if (!consumer_->CommitAndWait(offsets)) return false;
  TakeAsCommitted(offsets);
  return true;
}

// What a rebalance takes away meanwhile is another's, who reads again what is not committed.
void Reader::CommitAtEnd() {
  const auto deadline = steady_clock::now() + consumer_->join_limit();
  while (!CommitAll()) {
    if (steady_clock::now() >= deadline) {
      throw Error(
          ErrorKind::kUnavailable,
          fmt::format("group {}: commit refused, its rebalance does not end", options_.group));
    }
    pollfd events = {consumer_->event_fd(), POLLIN, 0};
    poll(&events, 1, static_cast<int>(kBetweenCommits.count()));
    consumer_->ClearEvents();
    consumer_->Poll();
  }
}

void Reader::TryCommitAll() {
  try {
    if (CommitAll()) return;
    stage_.log(LogLevel::kWarning,
               fmt::format("group {}: commit refused while it is rebalanced: whoever gets the "
                           "partitions reads again what is not committed",
                           options_.group));
  } catch (const Error& error) {
    stage_.log(LogLevel::kWarning, error.what());
  }
}

}  // namespace rk
