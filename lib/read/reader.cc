#include "lib/read/reader.h"

#include <poll.h>

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/batch/reader_origin.h"
#include "lib/read/end_to_end.h"

namespace rk {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCommitRetryBackoff{100};  // at the end, while the group is rebalanced

OffsetCommitter::Policy PolicyOf(const ReaderOptions& options, const Sink& sink) {
  const bool commits = !options.group.empty() && (sink.acknowledged() || options.commit_sent);
  if (options.exactly_once) return OffsetCommitter::Policy::kByWriters;
  return commits ? OffsetCommitter::Policy::kAcknowledged : OffsetCommitter::Policy::kNothing;
}

std::vector<PartitionOffset> Resolve(const std::vector<TopicPartition>& partitions,
                                     StartOffsets& starts, Consumer& consumer,
                                     std::map<TopicPartition, int64_t>& overridden) {
  std::vector<std::optional<Consumer::StoredOffset>> stored(partitions.size());
  if (starts.WantsStored()) stored = consumer.Stored(partitions);
  std::map<StartOffset, std::vector<TopicPartition>> by_start;
  for (size_t i = 0; i < partitions.size(); ++i) {
    const StartOffsets::Start start = starts.Take(partitions[i], stored[i]);
    by_start[start.from].push_back(partitions[i]);
    if (start.overridden) overridden[partitions[i]] = *start.overridden;
  }
  std::map<TopicPartition, int64_t> found;
  for (const auto& [start, some] : by_start) {
    const auto offsets = consumer.Resolve(some, start);
    for (size_t i = 0; i < some.size(); ++i) found[some[i]] = offsets[i];
  }
  std::vector<PartitionOffset> ordered;
  for (const auto& partition : partitions) ordered.push_back({partition, found.at(partition)});
  return ordered;
}

/// One line: a group may have thousands of partitions.
void WarnOfOverridden(const std::string& group, const std::vector<PartitionOffset>& starts,
                      const std::map<TopicPartition, int64_t>& overridden, const Log& log) {
  std::string first;
  size_t count = 0;
  for (const auto& [partition, offset] : starts) {
    const auto stored = overridden.find(partition);
    if (stored == overridden.end() || stored->second == offset) continue;
    if (++count > 1) continue;
    first = fmt::format("topic={} partition={} stored={} start={}", partition.topic,
                        partition.partition, stored->second, offset);
  }
  if (count == 0) return;
  log(LogLevel::kWarning, fmt::format("group {}: -o overrides its stored offset {} partitions={}",
                                      group, first, count));
}

}  // namespace

Reader::Reader(const ReaderOptions& options, Dependencies dependencies)
    : options_(options),
      sink_(dependencies.sink),
      log_(dependencies.log),
      now_(std::move(dependencies.now)),
      drain_fd_(dependencies.drain_fd),
      is_replaced_(std::move(dependencies.is_replaced)),
      origin_(ReaderOrigin(options.exactly_once)),
      window_(options.window,
              options.exactly_once ? Ledger::Replays::kNewEpoch : Ledger::Replays::kSameEpoch),
      acks_(window_, origin_, !options.partitions, options.exactly_once, log_, options.ack),
      consumer_(std::move(dependencies.consumer)),
      starts_(options.start, options.start_priority, !options.group.empty(),
              dependencies.found.partitions),
      committer_(PolicyOf(options, sink_)),
      watch_(options.group, consumer_->join_limit(), now_()),
      new_partitions_(options.topics, dependencies.found.partitions),
      fetcher_(options_, {origin_, options.group, acks_.endpoint(), dependencies.found.cluster_id},
               *consumer_, window_, dependencies.metrics, log_),
      next_tick_(now_() + kBetweenTicks),
      answered_(dependencies.metrics.Gauge("assigned")) {
  MeasureEndToEnd(window_, dependencies.metrics);
  if (options.partitions) {
    consumer_->Assign(Begin(FixedPartitions(options, dependencies.found.partitions)));
  } else {
    consumer_->Subscribe(options.topics, *this);
  }
}

void Reader::Run() {
  sender_.emplace(window_, sink_);
  try {
    while (!Finished()) Step();
  } catch (const Error&) {
    TryCommitAll();  // what is acknowledged need not be read twice
    throw;
  }
  sender_->Stop();
  fetcher_.MeasureLag();  // for the totals
  CommitAtEnd();
  consumer_->Close(is_replaced_() ? Consumer::Membership::kStay : Consumer::Membership::kLeave);
  sink_.Finish(origin_);
}

void Reader::Step() {
  Wait();
  consumer_->ClearEvents();
  window_.ClearWake();
  consumer_->Poll();
  window_.RethrowFailure();
  if (!Stopping()) fetcher_.FetchRound(*sender_);
  if (const auto rewound = fetcher_.TakeRewound(); !rewound.empty()) OnRewound(rewound);
  const auto now = now_();
  if (now < next_tick_) return;
  next_tick_ = now + kBetweenTicks;
  OnTick(now);
}

void Reader::OnRewound(const std::vector<TopicPartition>& partitions) {
  std::vector<PartitionOffset> starts;
  window_.With([&](Ledger& ledger) {
    for (const auto& partition : partitions) starts.push_back({partition, ledger.floor(partition)});
  });
  CommitStarts(starts);
  consumer_->Commit(
      window_.With([&](Ledger& ledger) { return committer_.OnAssigned(partitions, ledger); }));
}

void Reader::Wait() {
  if (Stopping() || !window_.WantsMore()) window_.AskForWake();
  const bool room = !Stopping() && window_.WantsMore();
  const auto now = now_();
  auto until = next_tick_;
  if (const auto due = consumer_->NextDue(); room && due && *due < until) until = *due;
  if (Finished() || (room && fetcher_.more_to_fetch())) until = now;
  const auto timeout = std::chrono::ceil<milliseconds>(std::max(until - now, Clock::duration{}));
  pollfd fds[] = {{consumer_->event_fd(), POLLIN, 0},
                  {window_.wake_fd(), POLLIN, 0},
                  {draining_ ? -1 : drain_fd_, POLLIN, 0}};
  poll(fds, 3, static_cast<int>(timeout.count()));
  if (fds[2].revents != 0) draining_ = true;
}

bool Reader::Stopping() const {
  if (draining_ || fetcher_.has_count()) return true;
  return (options_.exit_at_end || options_.end) && assigned_ && fetcher_.at_end();
}

bool Reader::Finished() {
  return Stopping() && window_.With([](Ledger& ledger) { return ledger.Idle(); });
}

void Reader::OnTick(Clock::time_point now) {
  TellMember();
  CommitHeldStarts();
  if (consumer_->TakeCommitFailure()) committer_.OnRefused();
  consumer_->Commit(window_.With([&](Ledger& ledger) { return committer_.Due(ledger, now); }));
  if (sink_.lossy()) window_.ReplayOverdue(now, log_);
  window_.WarnIfUnanswered(now, log_);
  fetcher_.MeasureLag();
  const PartitionFetcher::Way way = fetcher_.way();
  done_ = way.done;
  total_ = way.total;
  const bool waiting = !assigned_ && !options_.partitions && !Stopping();
  if (const auto warning = watch_.OnTick(waiting, now)) log_(LogLevel::kWarning, *warning);
  const bool all_partitions = options_.partitions && options_.partitions->empty();
  if (!all_partitions || Stopping()) return;
  const auto fresh = new_partitions_.Look(*consumer_, now);
  if (fresh.empty()) return;
  consumer_->Assign(Begin(fresh));
  for (const auto& [topic, partition] : fresh)
    log_(LogLevel::kInfo,
         fmt::format("new partition, read from its beginning topic={} partition={}", topic,
                     partition));
}

std::vector<PartitionOffset> Reader::Begin(const std::vector<TopicPartition>& partitions) {
  std::map<TopicPartition, int64_t> overridden;
  auto starts = Resolve(partitions, starts_, *consumer_, overridden);
  WarnOfOverridden(options_.group, starts, overridden, log_);
  assigned_ = true;
  answered_.Set(1);
  const int64_t epoch = Nanoseconds(CLOCK_BOOTTIME);
  window_.With([&](Ledger& ledger) {
    for (const auto& [partition, offset] : starts) ledger.Assign(partition, epoch, offset);
  });
  std::vector<int64_t> ends(partitions.size(), PartitionFetcher::kNoEnd);
  if (options_.end) ends = consumer_->Resolve(partitions, *options_.end);
  for (size_t i = 0; i < starts.size(); ++i)
    fetcher_.Add(starts[i].partition, starts[i].offset, ends[i]);
  CommitStarts(starts);
  TellMember();
  consumer_->Commit(
      window_.With([&](Ledger& ledger) { return committer_.OnAssigned(partitions, ledger); }));
  return starts;
}

std::vector<PartitionOffset> Reader::OnAssigned(const std::vector<TopicPartition>& partitions) {
  auto starts = Begin(partitions);
  for (const auto& [partition, offset] : starts)
    log_(LogLevel::kInfo, fmt::format("assigned topic={} partition={} offset={}", partition.topic,
                                      partition.partition, offset));
  return starts;
}

void Reader::OnRevoked(const std::vector<TopicPartition>& partitions, bool lost) {
  if (!lost) {
    window_.With([&](Ledger& ledger) {
      for (const auto& partition : partitions) ledger.Stop(partition);
    });
    window_.WaitUntil(options_.revoke_grace, [&](Ledger& ledger) {
      return std::ranges::all_of(partitions, [&](const auto& p) { return ledger.Idle(p); });
    });
    TryCommitAll();
  }
  for (const auto& partition : partitions) GiveUp(partition);
  assigned_ = !fetcher_.empty();  // with none left, what comes next decides whether -e is over
}

void Reader::GiveUp(const TopicPartition& partition) {
  int64_t epoch = 0;
  window_.With([&](Ledger& ledger) {
    epoch = ledger.epoch(partition);
    if (!committer_.commits()) starts_.ResumeAt(partition, ledger.floor(partition));
    ledger.Revoke(partition);
  });
  committer_.OnRevoked(partition);
  held_.erase(partition);
  acks_.Fence(partition, epoch);
  fetcher_.Remove(partition);
  log_(LogLevel::kInfo,
       fmt::format("given up topic={} partition={}", partition.topic, partition.partition));
}

void Reader::TellMember() {
  if (!options_.exactly_once) return;
  if (const auto member = consumer_->Member()) acks_.SetMember(*member);
}

// A writer takes what lies below the group's offset for done (docs/architecture.md, Exactly once):
// so that is where a partition starts, before anything of it is sent. During a rebalance the group
// takes nothing, and a broker that is away answers nothing. Then it is tried again, unless the
// partition goes with it.
void Reader::CommitStarts(const std::vector<PartitionOffset>& starts) {
  bool committed = !options_.exactly_once;
  std::string why = "refused during a rebalance";
  try {
    committed = committed || TryCommitStarts(starts);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUnavailable) throw;
    why = error.what();
  }
  if (!committed) {
    log_(LogLevel::kInfo, fmt::format("group {}: where to start could not be committed, will be "
                                      "retried partitions={}: {}",
                                      options_.group, starts.size(), why));
  }
  for (const auto& [partition, offset] : starts) {
    fetcher_.Hold(partition, !committed);
    if (committed) {
      starts_.Began(partition);
      held_.erase(partition);
    } else {
      held_[partition] = offset;
    }
  }
}

void Reader::CommitHeldStarts() {
  std::vector<PartitionOffset> starts;
  for (const auto& [partition, offset] : held_) starts.push_back({partition, offset});
  if (!starts.empty()) CommitStarts(starts);
}

bool Reader::TryCommitStarts(const std::vector<PartitionOffset>& starts) {
  std::vector<TopicPartition> partitions;
  for (const auto& start : starts) partitions.push_back(start.partition);
  const auto stored = consumer_->Stored(partitions);
  for (const auto& partition : partitions)
    acks_.SetTopicId(partition, consumer_->TopicId(partition.topic));
  std::vector<PartitionOffset> moved;
  bool must_move = false;
  for (size_t i = 0; i < starts.size(); ++i) {
    // What is stored may be of an older topic of that name, which Stored() says as 0.
    const bool there = stored[i] && stored[i]->offset == starts[i].offset;
    if (there && starts[i].offset != 0) continue;
    moved.push_back(starts[i]);
    must_move |= stored[i].has_value();
  }
  return moved.empty() || consumer_->CommitAndWait(moved) || !must_move;
}

// Where it fails, what stays ours is still to be committed.
bool Reader::CommitAll(const OffsetCommitter::Offsets& offsets) {
  if (!consumer_->CommitAndWait(offsets)) {
    committer_.OnRefused();
    return false;
  }
  committer_.OnCommitted(offsets);
  return true;
}

// What a rebalance takes away meanwhile is another's, who reads again what is not committed.
void Reader::CommitAtEnd() {
  const auto deadline = now_() + consumer_->join_limit();
  while (!CommitAll(window_.With([&](Ledger& ledger) { return committer_.AtEnd(ledger); }))) {
    if (now_() >= deadline) {
      throw Error(ErrorKind::kUnavailable,
                  fmt::format("group {}: commit refused because its rebalance does not end",
                              options_.group));
    }
    pollfd events = {consumer_->event_fd(), POLLIN, 0};
    poll(&events, 1, int{kCommitRetryBackoff.count()});
    consumer_->ClearEvents();
    consumer_->Poll();
  }
}

void Reader::TryCommitAll() {
  try {
    if (CommitAll(window_.With([&](Ledger& ledger) { return committer_.All(ledger); }))) return;
    log_(LogLevel::kWarning, fmt::format("group {}: commit refused during a rebalance: the next "
                                         "owners read again what is not committed",
                                         options_.group));
  } catch (const Error& error) {
    committer_.OnRefused();
    log_(LogLevel::kWarning, error.what());
  }
}

}  // namespace rk
