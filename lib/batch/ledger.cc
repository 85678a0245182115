#include "lib/batch/ledger.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/error.h"

namespace rk {
namespace {

constexpr size_t kParts = 16;
constexpr int kTries = 2;      ///< of a batch as it was read, and of a single record
constexpr int kPartTries = 1;  ///< of a part that can be split further

OffsetRange RangeOf(const Frame& frame) {
  return {frame.info().first_offset, frame.info().next_offset};
}

/// The batch that covers `offset`, else the first one behind it.
template <typename Batches>
auto FindFrom(Batches& batches, int64_t offset) {
  auto batch = batches.upper_bound(offset);
  if (batch == batches.begin()) return batch;
  const auto before = std::prev(batch);
  return before->second.frame->info().next_offset > offset ? before : batch;
}

[[noreturn]] void ThrowBug(const TopicPartition& partition, const std::string& what) {
  throw Error(ErrorKind::kBug,
              partition.topic + " [" + std::to_string(partition.partition) + "]: " + what);
}

void CheckFits(const TopicPartition& partition, int64_t epoch, int64_t next_offset,
               const BatchInfo& info) {
  if (info.epoch != epoch) {
    ThrowBug(partition, "batch of epoch " + std::to_string(info.epoch) + " added in epoch " +
                            std::to_string(epoch));
  }
  if (info.first_offset != next_offset || info.next_offset <= next_offset) {
    ThrowBug(partition, "batch [" + std::to_string(info.first_offset) + ", " +
                            std::to_string(info.next_offset) + ") added where the next begins at " +
                            std::to_string(next_offset));
  }
}

Frame WithPoison(const Frame& frame) {
  RecordView record = frame.record(0);
  record.state = RecordState::kFailed;
  record.failure = {"rk-read", "poison",
                    "the stage died twice while holding only this record; fix the record or the "
                    "model before running it again"};
  FrameBuilder builder(frame.info(), 1, frame.bytes().size());
  builder.Add(record);
  for (const ColumnView& column : frame.columns()) builder.AddColumn(column);
  return builder.Finish();
}

}  // namespace

void Ledger::Assign(const TopicPartition& partition, int64_t epoch, int64_t start_offset) {
  Revoke(partition);
  Partition& state = partitions_[partition];
  state.epoch = state.first_epoch = epoch;
  state.start = state.next = state.sent = start_offset;
}

void Ledger::Stop(const TopicPartition& partition) {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return;
  found->second.stopped = true;
  DropFresh(partition, found->second);
}

void Ledger::Revoke(const TopicPartition& partition) {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return;
  Partition& state = found->second;
  DropFresh(partition, state);
  for (auto batch = state.batches.begin(); batch != state.batches.end();) {
    replays_.erase({partition, batch->first});
    batch = Forget(state, batch);
  }
  partitions_.erase(found);
}

void Ledger::DropFresh(const TopicPartition& partition, Partition& state) {
  std::erase_if(fresh_, [&](const Waiting& fresh) { return fresh.partition == partition; });
  for (auto batch = state.batches.lower_bound(state.sent); batch != state.batches.end();) {
    batch = Forget(state, batch);
  }
}

int64_t Ledger::next_offset(const TopicPartition& partition) const { return Get(partition).next; }

void Ledger::Add(const TopicPartition& partition, Frame frame) {
  Partition& state = Get(partition);
  if (state.stopped) ThrowBug(partition, "batch added after the partition was stopped");
  // A replay may have begun an epoch since the frame was made.
  const int64_t made_in = frame.info().epoch;
  if (made_in < state.epoch && made_in >= state.first_epoch) frame.StampEpoch(state.epoch);
  CheckFits(partition, state.epoch, state.next, frame.info());
  const OffsetRange range = RangeOf(frame);
  Keep(state, {std::make_shared<Frame>(std::move(frame)), 0, kTries});
  fresh_.push_back({partition, range.first});
  state.next = range.next;
}

void Ledger::Skip(const TopicPartition& partition, int64_t next_offset) {
  Partition& state = Get(partition);
  state.acknowledged.Add({state.next, next_offset});
}

std::shared_ptr<const Frame> Ledger::NextToSend() {
  if (unsent() == 0) return nullptr;
  Waiting waiting;
  if (replays_.empty()) {
    waiting = std::move(fresh_.front());
    fresh_.pop_front();
  } else {
    waiting = std::move(replays_.extract(replays_.begin()).value());
  }
  Partition& state = Get(waiting.partition);
  const Batch& batch = state.batches.at(waiting.first_offset);
  if (batch.frame->info().epoch != state.epoch) batch.frame->StampEpoch(state.epoch);
  state.sent = std::max(state.sent, batch.frame->info().next_offset);
  // Not floor(): that may lie inside the lowest batch, where the batch covers offsets without
  // records, and the writer drops what begins below the floor.
  batch.frame->Stamp(state.batches.begin()->first, batch.attempt);
  return batch.frame;
}

void Ledger::Acknowledge(const TopicPartition& partition, int64_t epoch, OffsetRange range) {
  Partition* state = Find(partition, epoch);
  if (state == nullptr) return;
  range.next = std::min(range.next, state->sent);
  if (range.first >= range.next) return;
  state->heard_of = acknowledged_any_ = true;
  const int64_t floor_before = state->acknowledged.EndFrom(state->start);
  state->acknowledged.Add(range);
  state->acknowledged_end = std::max(state->acknowledged_end, range.next);
  FreeAcknowledged(partition, *state, range);

  // A writer that was started since learns what its predecessor acknowledged from the floor alone.
  // When the floor passes such a range, the batch behind it may be held back there already, and no
  // other frame need ever come: it goes again, to carry the floor.
  const bool passed = floor_before < range.next && range.next < state->acked_before_replay_end &&
                      state->acknowledged.EndFrom(state->start) > range.next;
  if (!passed || state->batches.empty()) return;
  const int64_t lowest = state->batches.begin()->first;
  if (lowest >= state->sent || !replays_.insert({partition, lowest}).second) return;
  Renew(partition, *state);
}

void Ledger::FreeAcknowledged(const TopicPartition& partition, Partition& state,
                              OffsetRange range) {
  for (auto batch = FindFrom(state.batches, range.first);
       batch != state.batches.end() && batch->first < range.next;) {
    const OffsetRange covered = RangeOf(*batch->second.frame);
    if (!state.acknowledged.ContainsAll(covered)) {
      ++batch;
      continue;
    }
    // Acknowledged by a writer that had it before the replay; the one there now never gets it.
    if (!replays_.empty() && replays_.erase({partition, batch->first}) > 0) {
      state.acked_before_replay_end = std::max(state.acked_before_replay_end, covered.next);
    }
    done_(*batch->second.frame);
    batch = Forget(state, batch);
  }
}

void Ledger::Nack(const TopicPartition& partition, int64_t epoch, OffsetRange range, bool blame) {
  Partition* state = Find(partition, epoch);
  if (state == nullptr || (epoch != state->epoch && !blame)) return;
  range.next = std::min(range.next, state->sent);
  state->acked_before_replay_end =
      std::max(state->acked_before_replay_end, state->acknowledged_end);
  bool again = false;
  for (auto batch = FindFrom(state->batches, range.first);
       batch != state->batches.end() && batch->first < range.next;) {
    const auto nacked = batch++;
    // Blame for a batch that has been split since says nothing of its parts: any other of them may
    // have been the cause. A part that a stage made of a batch, to fit in a frame, is the batch's.
    const OffsetRange whole = RangeOf(*nacked->second.frame);
    if (blame && whole.first <= range.first && range.next <= whole.next) {
      again |= Blame(partition, *state, nacked);
    } else {
      again |= replays_.insert({partition, nacked->first}).second;
    }
  }
  if (again) Renew(partition, *state);
}

void Ledger::Renew(const TopicPartition& partition, Partition& state) {
  if (!renews_) return;
  ++state.epoch;
  for (const auto& [first, batch] : state.batches) {
    if (first < state.sent) replays_.insert({partition, first});
  }
}

void Ledger::NackAll() {
  for (const auto& [partition, state] : partitions_) {
    Nack(partition, state.epoch, {state.start, state.sent}, false);
  }
}

size_t Ledger::ReplayOverdue(Clock::time_point now) {
  size_t replayed = 0;
  for (auto& [partition, state] : partitions_) {
    const bool in_flight = !state.batches.empty() && state.batches.begin()->first < state.sent;
    if (std::exchange(state.heard_of, false) || !in_flight) {
      state.patience = kOverdueAfter;
      state.overdue_at = now + state.patience;
    } else if (now >= state.overdue_at) {
      Nack(partition, state.epoch, RangeOf(*state.batches.begin()->second.frame), false);
      state.patience *= 2;
      state.overdue_at = now + state.patience;
      ++replayed;
    }
  }
  return replayed;
}

/// Says whether it did not wait to be sent anyway.
bool Ledger::Blame(const TopicPartition& partition, Partition& state, Batches::iterator batch) {
  Batch& blamed = batch->second;
  ++blamed.attempt;
  const bool again = replays_.insert({partition, batch->first}).second;
  if (blamed.tries == 0 || --blamed.tries > 0) return again;
  if (blamed.frame->record_count() > 1) {
    Split(partition, state, batch);
  } else if (blamed.frame->record_count() == 1) {
    MarkPoison(blamed);
  }
  return again;
}

void Ledger::Split(const TopicPartition& partition, Partition& state, Batches::iterator batch) {
  const std::shared_ptr<const Frame> whole = batch->second.frame;
  const uint32_t attempt = batch->second.attempt;
  replays_.erase({partition, batch->first});
  Forget(state, batch);
  const size_t records = whole->record_count();
  const size_t parts = std::min(kParts, records);
  OffsetRange range = RangeOf(*whole);
  const int64_t end = range.next;
  for (size_t part = 0; part < parts; ++part) {
    const size_t behind = (part + 1) * records / parts;
    range.next = behind == records ? end : whole->record(behind).offset;
    if (!state.acknowledged.ContainsAll(range)) {
      Frame slice = Slice(*whole, range.first, range.next);
      const int tries = slice.record_count() > 1 ? kPartTries : kTries;
      Keep(state, {std::make_shared<Frame>(std::move(slice)), attempt, tries});
      replays_.insert({partition, range.first});
    }
    range.first = range.next;
  }
}

void Ledger::MarkPoison(Batch& batch) {
  bytes_ -= batch.frame->bytes().size();
  batch.frame = std::make_shared<Frame>(WithPoison(*batch.frame));
  bytes_ += batch.frame->bytes().size();
}

int64_t Ledger::floor(const TopicPartition& partition) const {
  const Partition& state = Get(partition);
  return state.acknowledged.EndFrom(state.start);
}

int64_t Ledger::epoch(const TopicPartition& partition) const { return Get(partition).epoch; }

bool Ledger::Idle(const TopicPartition& partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() || found->second.batches.empty();
}

Ledger::Partition* Ledger::Find(const TopicPartition& partition, int64_t epoch) {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return nullptr;
  Partition& state = found->second;
  return state.first_epoch <= epoch && epoch <= state.epoch ? &state : nullptr;
}

const Ledger::Partition& Ledger::Get(const TopicPartition& partition) const {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) ThrowBug(partition, "not assigned to this reader");
  return found->second;
}

Ledger::Partition& Ledger::Get(const TopicPartition& partition) {
  return const_cast<Partition&>(std::as_const(*this).Get(partition));
}

void Ledger::Keep(Partition& state, Batch batch) {
  bytes_ += batch.frame->bytes().size();
  ++batches_;
  const int64_t first_offset = batch.frame->info().first_offset;
  state.batches.emplace(first_offset, std::move(batch));
}

Ledger::Batches::iterator Ledger::Forget(Partition& state, Batches::iterator batch) {
  bytes_ -= batch->second.frame->bytes().size();
  --batches_;
  return state.batches.erase(batch);
}

}  // namespace rk
