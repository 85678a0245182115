#include "tests/unit/batch/schedule_world.h"

#include <algorithm>

namespace rk {
namespace {

constexpr size_t kReaders = 2;
constexpr size_t kStepsToFetch = 3'000;
constexpr size_t kStepsToDrain = 50'000;
/// What a part's frame has beside its records; a split may go over the window by as much.
constexpr size_t kPartBytes = 256;

}  // namespace

ScheduleWorld::ScheduleWorld(uint64_t seed, Rough rough)
    : rough_(rough),
      random_(seed),
      batch_records_(1 + Below(OneIn(3) ? 40 : 6)),
      window_bytes_(1000 + Below(10'000)),
      link_frames_(1 + Below(8)),
      rough_one_in_(10 + Below(80)),
      supervised_(rough.middle && OneIn(2)),
      inputs_(1 + Below(3)),
      replicas_(1 + Below(4)),
      writer_(std::make_unique<Writer>(rough.ordered)) {
  using World = ScheduleWorld;
  usual_ = {&World::AppendInput,    &World::Fetch,       &World::Fetch,        &World::Send,
            &World::Send,           &World::TakeMessage, &World::TakeMessage,  &World::Commit,
            &World::FetchByReplica, &World::Process,     &World::TakeFrame,    &World::TakeFrame,
            &World::Deliver,        &World::Deliver,     &World::Report,       &World::Report,
            &World::TakeFence,      &World::ThawReplica, &World::MovePartition};
  if (rough.middle) {
    rough_actions_.insert(rough_actions_.end(),
                          {&World::KillReplica, &World::FreezeReplica, &World::KillBalance,
                           &World::TimeOut, &World::LoseAcknowledgements});
  }
  if (rough.writer) {
    rough_actions_.insert(rough_actions_.end(), {&World::KillWriter, &World::FreezeWriter});
  }
  if (rough.readers) {
    rough_actions_.insert(rough_actions_.end(), {&World::KillReader, &World::StopPartition,
                                                 &World::StopPartition, &World::LosePartition});
  }
  for (auto& replica : replicas_) replica.id = ++last_replica_;
  for (size_t reader = 0; reader < kReaders; ++reader) {
    readers_.push_back({Origin{++last_origin_}, Ledger({window_bytes_, 64}), {}, {}});
  }
  for (size_t i = 0; i < inputs_.size(); ++i) Assign(static_cast<int>(i), Below(kReaders));
}

void ScheduleWorld::Step() {
  const bool goes_wrong = !rough_actions_.empty() && OneIn(rough_one_in_);
  const auto& actions = goes_wrong ? rough_actions_ : usual_;
  (this->*actions[Below(actions.size())])();
  CheckWindows();
}

void ScheduleWorld::Drain() {
  std::erase(usual_, &ScheduleWorld::AppendInput);
  // What goes wrong last goes wrong while no fresh batch comes along to help.
  for (size_t steps = 0; steps < kStepsToFetch && !AllFetched(); ++steps) Step();
  for (size_t steps = Below(300); steps > 0; --steps) Step();
  rough_actions_.clear();
  // A reader that lost a partition without noticing finds out when its session ends.
  for (size_t i = 0; i < inputs_.size(); ++i) {
    for (size_t reader = 0; reader < kReaders; ++reader) {
      if (reader != inputs_[i].owner) readers_[reader].ledger.Revoke(Name(static_cast<int>(i)));
    }
  }
  for (size_t steps = 0; !AllAtEnd(); ++steps) {
    Check(steps < kStepsToDrain, "something stays behind for ever");
    Step();
  }
  CheckOutput();
}

bool ScheduleWorld::AllFetched() const {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const auto& position = readers_[inputs_[i].owner].position;
    if (position.at(static_cast<int>(i)) < inputs_[i].end) return false;
  }
  return true;
}

bool ScheduleWorld::AllAtEnd() const {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].committed != inputs_[i].end) return false;
  }
  return std::ranges::all_of(readers_, [](const auto& reader) { return reader.ledger.Idle(); });
}

void ScheduleWorld::CheckWindows() const {
  for (const auto& [origin, ledger, position, stopping] : readers_) {
    const size_t largest = kPartBytes + batch_records_ * (frame_format::kRecordLength + 16);
    Check(ledger.window_bytes() <= window_bytes_ + largest + kPartBytes * ledger.window_batches(),
          "the window holds more than its bytes and one batch");
    Check(!ledger.Idle() || (ledger.window_bytes() == 0 && ledger.unsent() == 0),
          "a ledger without batches counts bytes");
  }
}

void ScheduleWorld::CheckOutput() const {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].offsets.empty()) continue;
    const auto& times = outputs_.at(static_cast<int>(i)).times;
    for (const int64_t offset : inputs_[i].offsets) {
      Check(times.contains(offset), "a record never came out");
    }
    Check(times.size() == inputs_[i].offsets.size(), "something came out that never went in");
  }
}

void ScheduleWorld::Check(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

// The readers.

void ScheduleWorld::AppendInput() {
  Input& input = inputs_[Below(inputs_.size())];
  for (size_t records = Below(6); records > 0; --records) {
    if (OneIn(4)) input.end += 1 + static_cast<int64_t>(Below(3));
    if (rough_.poison_one_in > 0 && OneIn(rough_.poison_one_in)) input.poison.insert(input.end);
    input.offsets.push_back(input.end++);
  }
  if (OneIn(3)) ++input.end;  // a transaction marker
}

void ScheduleWorld::Fetch() {
  const int partition = static_cast<int>(Below(inputs_.size()));
  const Input& input = inputs_[static_cast<size_t>(partition)];
  Reader& reader = readers_[OneIn(4) ? Below(kReaders) : input.owner];
  if (!reader.ledger.Owns(Name(partition)) || reader.stopping.contains(partition)) return;
  if (!reader.ledger.HasRoom() || reader.ledger.unsent() > 1) return;
  if (!input.offsets.empty() && input.offsets.back() >= reader.position[partition]) {
    AddBatch(reader, partition);
  } else {
    reader.ledger.Skip(Name(partition), input.end);
    reader.position[partition] = input.end;
  }
}

void ScheduleWorld::AddBatch(Reader& reader, int partition) {
  const auto& all = inputs_[static_cast<size_t>(partition)].offsets;
  const auto from = std::ranges::lower_bound(all, reader.position[partition]);
  const auto there = static_cast<size_t>(all.end() - from);
  const auto to = from + static_cast<int64_t>(1 + Below(std::min(batch_records_, there)));
  std::vector<int64_t> offsets(from, to);
  const TopicPartition name = Name(partition);
  const int64_t first = reader.ledger.next_offset(name);
  int64_t next = offsets.back() + 1;
  if (offsets.front() > first && OneIn(8)) {  // all that was there is filtered or compacted away
    next = offsets.front();
    offsets.clear();
  } else if (to != all.end() && OneIn(3)) {
    next = *to;
  }
  BatchInfo info = MakeInfo({first, next}, reader.ledger.epoch(name), name);
  info.origin = reader.origin;
  reader.ledger.Add(name, MakeBatch(info, offsets));
  reader.position[partition] = next;
}

void ScheduleWorld::Send() {
  Reader& reader = readers_[Below(kReaders)];
  if (to_replicas_.size() >= link_frames_) return;
  const auto frame = reader.ledger.NextToSend();
  if (frame) to_replicas_.push_back(std::make_shared<const Frame>(Received(*frame)));
}

void ScheduleWorld::TakeMessage() {
  if (to_readers_.empty()) return;
  const Message message = Draw(to_readers_);
  for (Reader& reader : readers_) {
    if (reader.origin != message.origin) continue;
    switch (message.kind) {
      case Message::Kind::kAck:
        reader.ledger.Acknowledge(message.partition, message.epoch, message.range);
        break;
      case Message::Kind::kNack:
      case Message::Kind::kBlame:
        reader.ledger.Nack(message.partition, message.epoch, message.range,
                           message.kind == Message::Kind::kBlame);
        break;
      case Message::Kind::kFence:
      case Message::Kind::kFenced:
        if (reader.ledger.Owns(message.partition) &&
            reader.ledger.epoch(message.partition) == message.epoch) {
          reader.ledger.Revoke(message.partition);
        }
        break;
    }
  }
}

void ScheduleWorld::Commit() { CommitOne(static_cast<int>(Below(inputs_.size()))); }

void ScheduleWorld::CommitOne(int partition) {
  Input& input = inputs_[static_cast<size_t>(partition)];
  const int64_t floor = readers_[input.owner].ledger.floor(Name(partition));
  Check(floor >= input.committed, "the floor moved back");
  for (auto offset = std::ranges::lower_bound(input.offsets, input.committed);
       offset != input.offsets.end() && *offset < floor; ++offset) {
    Check(outputs_[partition].times.contains(*offset), "a commit passed what has not come out");
  }
  input.committed = floor;
}

void ScheduleWorld::Assign(int partition, size_t reader) {
  Input& input = inputs_[static_cast<size_t>(partition)];
  input.owner = reader;
  input.epoch = ++last_epoch_;
  readers_[reader].ledger.Assign(Name(partition), input.epoch, input.committed);
  readers_[reader].position[partition] = input.committed;
  readers_[reader].stopping.erase(partition);
}

void ScheduleWorld::StopPartition() {
  const auto partition = static_cast<int>(Below(inputs_.size()));
  Reader& reader = readers_[inputs_[static_cast<size_t>(partition)].owner];
  reader.ledger.Stop(Name(partition));
  reader.stopping.insert(partition);
}

/// What was being stopped is given up, with something still in flight or not, and goes to someone.
void ScheduleWorld::MovePartition() {
  const auto partition = static_cast<int>(Below(inputs_.size()));
  const Input& input = inputs_[static_cast<size_t>(partition)];
  Reader& reader = readers_[input.owner];
  if (!reader.stopping.contains(partition)) return;
  if (!reader.ledger.Idle(Name(partition)) && !OneIn(10)) return;
  CommitOne(partition);
  fences_.push_back({Message::Kind::kFence, reader.origin, Name(partition), input.epoch, {}});
  reader.ledger.Revoke(Name(partition));
  Assign(partition, Below(kReaders));
}

/// The group has given the partition to the other reader; its reader does not know and goes on.
void ScheduleWorld::LosePartition() {
  const auto partition = static_cast<int>(Below(inputs_.size()));
  Assign(partition, 1 - inputs_[static_cast<size_t>(partition)].owner);
}

void ScheduleWorld::KillReader() {
  const size_t killed = Below(kReaders);
  Reader& reader = readers_[killed];
  reader = {Origin{++last_origin_}, Ledger({window_bytes_, 64}), {}, {}};
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].owner == killed) Assign(static_cast<int>(i), Below(kReaders));
  }
  std::erase_if(to_replicas_, [&](const FramePtr&) { return OneIn(4); });
  NackAll();
}

}  // namespace rk
