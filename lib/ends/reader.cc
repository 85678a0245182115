#include "lib/ends/reader.h"

#include <poll.h>
#include <time.h>

#include <algorithm>

#include <fmt/format.h>

#include "lib/batch/error.h"
#include "lib/ends/sender.h"
#include "lib/kafka/admin.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBetweenHousekeeping{1000};
constexpr milliseconds kRevokeGrace{3000};  // for what is in flight of a revoked partition

/// Frames that may wait for the link: one being written, one ready. More would only keep records
/// from joining a later, larger batch.
constexpr size_t kFramesAhead = 2;

int64_t Nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

TopicDescription Describe(const ReaderOptions& options, const Log& log) {
  const auto topic = Admin(options.client, log).Describe(options.topic);
  if (topic) return *topic;
  throw Error(ErrorKind::kMissing,
              fmt::format("topic {} does not exist: is the name right? (it can be made with "
                          "kafka-topics.sh --create --topic {})",
                          options.topic, options.topic));
}

std::vector<TopicPartition> FixedPartitions(const ReaderOptions& options, int32_t count) {
  std::vector<int32_t> numbers = options.partitions.value_or(std::vector<int32_t>{});
  if (numbers.empty())
    for (int32_t number = 0; number < count; ++number) numbers.push_back(number);
  std::vector<TopicPartition> partitions;
  for (const int32_t number : numbers) {
    if (number >= count) {
      throw Error(ErrorKind::kMissing, fmt::format("topic {} has no partition {}: it has 0 to {}",
                                                   options.topic, number, count - 1));
    }
    partitions.push_back({options.topic, number});
  }
  return partitions;
}

}  // namespace

void CheckReader(const ReaderOptions& options, const Log& log) {
  FixedPartitions(options, Describe(options, log).partitions);
}

Reader::Reader(const ReaderOptions& options, Sink& sink, Stage& stage)
    : options_(options),
      sink_(sink),
      stage_(stage),
      window_(options.window),
      acks_(window_, origin_, !options.partitions, stage.log),
      records_(stage.metrics.Counter("records")),
      bytes_(stage.metrics.Counter("bytes")),
      batches_(stage.metrics.Counter("batches")) {
  const TopicDescription topic = Describe(options, stage.log);
  cluster_id_ = topic.cluster_id;
  consumer_ =
      std::make_unique<Consumer>(Consumer::Options{options.client, options.group, options.instance,
                                                   static_cast<size_t>(topic.partitions)},
                                 stage.log);
  if (!options.partitions) {
    consumer_->Subscribe({options.topic}, *this);
    return;
  }
  const auto partitions = FixedPartitions(options, topic.partitions);
  const auto starts = StartsOf(partitions);
  Begin(partitions, starts);
  std::vector<PartitionOffset> assignment;
  for (size_t i = 0; i < partitions.size(); ++i) assignment.push_back({partitions[i], starts[i]});
  consumer_->Assign(assignment);
}

void Reader::Run() {
  Sender sender(window_, sink_);
  try {
    ReadUntilFinished();
  } catch (const Error&) {
    TryCommitAll();  // what is acknowledged need not be read twice
    throw;
  }
  sender.Stop();
  CommitAll();
  consumer_->Close();
  sink_.Finish(origin_);
}

void Reader::ReadUntilFinished() {
  next_housekeeping_ = steady_clock::now() + kBetweenHousekeeping;
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

std::vector<int64_t> Reader::StartsOf(const std::vector<TopicPartition>& partitions) {
  // A partition that comes back after a rebalance goes on where its group is: -o was for the start.
  std::vector<TopicPartition> fresh;
  std::vector<TopicPartition> known;
  for (const auto& partition : partitions)
    (begun_.insert(partition).second ? fresh : known).push_back(partition);
  std::map<TopicPartition, int64_t> starts;
  const auto fresh_starts = consumer_->Resolve(fresh, options_.start);
  const auto known_starts = consumer_->Resolve(known, {StartOffset::Kind::kStored, 0});
  for (size_t i = 0; i < fresh.size(); ++i) starts[fresh[i]] = fresh_starts[i];
  for (size_t i = 0; i < known.size(); ++i) starts[known[i]] = known_starts[i];
  std::vector<int64_t> ordered;
  for (const auto& partition : partitions) ordered.push_back(starts.at(partition));
  return ordered;
}

void Reader::Begin(const std::vector<TopicPartition>& partitions,
                   const std::vector<int64_t>& starts) {
  assigned_ = true;
  const int64_t epoch = Nanoseconds(CLOCK_BOOTTIME);
  window_.With([&](Ledger& ledger) {
    for (size_t i = 0; i < partitions.size(); ++i) ledger.Assign(partitions[i], epoch, starts[i]);
  });
  for (const auto& partition : partitions) readings_[partition] = {};
  // So that `latest` survives a crash: the resolved start is what a successor finds.
  consumer_->Commit(Uncommitted());
}

std::vector<int64_t> Reader::OnAssigned(const std::vector<TopicPartition>& partitions) {
  auto starts = StartsOf(partitions);
  Begin(partitions, starts);
  for (size_t i = 0; i < partitions.size(); ++i) {
    stage_.log(LogLevel::kInfo,
               fmt::format("assigned topic={} partition={} offset={}", partitions[i].topic,
                           partitions[i].partition, starts[i]));
  }
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
    ledger.Revoke(partition);
  });
  acks_.Fence(partition, epoch);
  readings_.erase(partition);
  stage_.log(LogLevel::kInfo,
             fmt::format("given up topic={} partition={}", partition.topic, partition.partition));
}

void Reader::Wait() {
  if (Stopping() || more_to_fetch_) window_.AskForWake();
  const auto now = steady_clock::now();
  auto until = next_housekeeping_;
  if (const auto due = consumer_->NextDue(); due && *due < until) until = *due;
  if (Finished() || (!Stopping() && more_to_fetch_ && HasRoom())) until = now;
  const auto timeout =
      std::chrono::ceil<milliseconds>(std::max(until - now, steady_clock::duration{}));
  pollfd fds[] = {{consumer_->event_fd(), POLLIN, 0},
                  {window_.wake_fd(), POLLIN, 0},
                  {stage_.signals.drain_fd(), POLLIN, 0}};
  poll(fds, stage_.signals.draining() ? 2 : 3, static_cast<int>(timeout.count()));
}

bool Reader::HasRoom() {
  return window_.With(
      [](Ledger& ledger) { return ledger.HasRoom() && ledger.unsent() < kFramesAhead; });
}

void Reader::FetchRound() {
  more_to_fetch_ = false;
  for (size_t turn = 0; turn < readings_.size() && !Stopping(); ++turn) {
    if (!HasRoom()) {
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
  if (options_.exit_at_end && reading.at_end) return false;
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
  Consumer::Limits limits = options_.batch;
  if (options_.count) limits.records = std::min<size_t>(limits.records, *options_.count - fetched_);
  auto fetched = consumer_->Fetch(info, limits);
  const bool got = fetched.frame.has_value();
  if (got) {
    fetched_ += fetched.frame->record_count();
    records_.Add(fetched.frame->record_count());
    bytes_.Add(fetched.frame->bytes().size());
    batches_.Add(1);
    window_.With([&](Ledger& ledger) { ledger.Add(partition, std::move(*fetched.frame)); });
    window_.Changed();
  }
  if (fetched.end_offset) {
    window_.With([&](Ledger& ledger) { ledger.Skip(partition, *fetched.end_offset); });
    reading.at_end = true;
  }
  return got;
}

bool Reader::Stopping() const {
  if (stage_.signals.draining()) return true;
  if (options_.count && fetched_ >= *options_.count) return true;
  return options_.exit_at_end && assigned_ &&
         std::ranges::all_of(readings_, [](const auto& entry) { return entry.second.at_end; });
}

bool Reader::Finished() {
  return Stopping() && window_.With([](Ledger& ledger) { return ledger.Idle(); });
}

std::vector<PartitionOffset> Reader::Uncommitted() {
  std::vector<PartitionOffset> offsets;
  if (options_.group.empty() || !sink_.acknowledged()) return offsets;
  for (auto& [partition, reading] : readings_) {
    const int64_t floor = window_.With(
        [&, &partition = partition](Ledger& ledger) { return ledger.floor(partition); });
    if (floor != reading.committed) offsets.push_back({partition, floor});
    reading.committed = floor;
  }
  return offsets;
}

void Reader::KeepHouse() {
  const auto now = steady_clock::now();
  if (now < next_housekeeping_) return;
  next_housekeeping_ = now + kBetweenHousekeeping;
  if (consumer_->TakeCommitFailure())
    for (auto& [partition, reading] : readings_) reading.committed = -1;
  consumer_->Commit(Uncommitted());
  if (sink_.lossy()) ReplayOverdue();
}

void Reader::ReplayOverdue() {
  const size_t batches =
      window_.With([](Ledger& ledger) { return ledger.ReplayOverdue(steady_clock::now()); });
  if (batches == 0) return;
  stage_.log(LogLevel::kWarning,
             fmt::format("no acknowledgement for a long time: sent again batches={}", batches));
  window_.Changed();
}

void Reader::CommitAll() {
  for (auto& [partition, reading] : readings_) reading.committed = -1;
  consumer_->CommitAndWait(Uncommitted());
}

void Reader::TryCommitAll() {
  try {
    CommitAll();
  } catch (const Error& error) {
    stage_.log(LogLevel::kWarning, error.what());
  }
}

}  // namespace rk
