// The middle of the little pipeline: what reorders, loses, dies, freezes.
#include <algorithm>

#include "tests/unit/batch/schedule_world.h"

namespace rk {
namespace {

constexpr size_t kPrefetch = 2;

bool IsSuspect(const Frame& frame) { return frame.info().attempt > 0; }

}  // namespace

void ScheduleWorld::FetchByReplica() {
  if (to_replicas_.empty()) return;
  Replica& replica = replicas_[Below(replicas_.size())];
  if (replica.held.size() >= kPrefetch) return;
  if (!replica.held.empty() && IsSuspect(*replica.held.front())) return;
  const size_t index = Below(to_replicas_.size());
  if (!replica.held.empty() && IsSuspect(*to_replicas_[index])) return;
  replica.held.push_back(to_replicas_[index]);
  to_replicas_.erase(to_replicas_.begin() + static_cast<int64_t>(index));
}

void ScheduleWorld::Process() {
  Replica& replica = replicas_[Below(replicas_.size())];
  if (replica.held.empty()) return;
  const FramePtr frame = replica.held[Below(replica.held.size())];
  if (Kills(*frame)) {
    Die(replica);
    return;
  }
  std::erase(replica.held, frame);
  Emit(frame, replica.id);
}

/// Results that do not fit in one frame leave in two, now and then: a model may have been replaced.
void ScheduleWorld::Emit(const FramePtr& frame, size_t by) {
  const size_t records = frame->record_count();
  if (records < 2 || !rough_.middle || !OneIn(4)) return to_writer_.push_back({frame, by});
  const int64_t cut = frame->record(Below(records - 1) + 1).offset;
  const BatchInfo& info = frame->info();
  for (const OffsetRange range : {OffsetRange{info.first_offset, cut}, {cut, info.next_offset}}) {
    to_writer_.push_back(
        {std::make_shared<const Frame>(Slice(*frame, range.first, range.next)), by});
  }
}

bool ScheduleWorld::Kills(const Frame& frame) const {
  const auto& poison = inputs_[static_cast<size_t>(frame.info().partition)].poison;
  for (size_t i = 0; i < frame.record_count(); ++i) {
    const RecordView record = frame.record(i);
    if (record.state == RecordState::kOk && poison.contains(record.offset)) return true;
  }
  return false;
}

/// Whoever served the replica refuses what it held, with blame.
void ScheduleWorld::Accuse(const Replica& replica) {
  for (const FramePtr& frame : replica.held) {
    SendTo(Message::Kind::kBlame, *frame);
    if (Kills(*frame)) continue;
    for (const int64_t offset : OffsetsOf(*frame)) ++accused_[{frame->info().partition, offset}];
  }
}

void ScheduleWorld::Die(Replica& replica) {
  Accuse(replica);
  replica.held.clear();
  if (supervised_) {
    std::erase_if(to_writer_,
                  [&](const Pushed& pushed) { return pushed.by == replica.id && OneIn(2); });
    NackAll();
  }
  replica.id = ++last_replica_;
}

void ScheduleWorld::KillReplica() { Die(replicas_[Below(replicas_.size())]); }

void ScheduleWorld::KillBalance() {
  to_replicas_.clear();
  NackAll();
}

/// A replica that is silent counts as dead, but what it holds comes out when it is woken.
void ScheduleWorld::FreezeReplica() {
  Replica& replica = replicas_[Below(replicas_.size())];
  Accuse(replica);
  frozen_.push_back(std::move(replica));
  replica = {++last_replica_, {}};
}

void ScheduleWorld::ThawReplica() {
  if (frozen_.empty() || !OneIn(10)) return;
  for (const FramePtr& frame : Draw(frozen_).held) {
    if (Kills(*frame)) return;
    to_writer_.push_back({frame, 0});
  }
}

/// The last resort of a link: the lowest batch again.
void ScheduleWorld::TimeOut() {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const Reader& reader = readers_[inputs_[i].owner];
    const TopicPartition partition = Name(static_cast<int>(i));
    const int64_t floor = reader.ledger.floor(partition);
    to_readers_.push_back(
        {Message::Kind::kNack, reader.origin, partition, inputs_[i].epoch, {floor, floor + 1}});
  }
}

/// The writer lives on, so only its answer to what comes twice can free what is kept.
void ScheduleWorld::LoseAcknowledgements() {
  std::erase_if(to_readers_, [&](const Message& message) {
    return message.kind == Message::Kind::kAck && OneIn(2);
  });
  NackAll();
}

void ScheduleWorld::NackAll() {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    for (const Reader& reader : readers_) {
      const TopicPartition partition = Name(static_cast<int>(i));
      if (!reader.ledger.Owns(partition)) continue;
      to_readers_.push_back({Message::Kind::kNack,
                             reader.origin,
                             partition,
                             reader.ledger.epoch(partition),
                             {0, INT64_MAX}});
    }
  }
}

}  // namespace rk
