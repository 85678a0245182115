// The writer of the little pipeline, and the producer behind it: a queue for each output partition
// that a record's key may choose, and one for the dead letters.
#include "tests/unit/batch/schedule_world.h"

namespace rk {
namespace {

constexpr size_t kOutputPartitions = 2;
constexpr size_t kDeadLetters = kOutputPartitions;
constexpr WriterOrder::Clock::time_point kNow{};

size_t HashOf(int64_t offset) { return static_cast<size_t>(offset) * 7 / 3; }

}  // namespace

void ScheduleWorld::TakeFrame() {
  if (to_writer_.empty()) return;
  const auto outcome = writer_->order.Take(Draw(to_writer_).frame, kNow);
  for (const FramePtr& frame : outcome.acknowledge) SendTo(Message::Kind::kAck, *frame);
  for (const FramePtr& frame : outcome.fenced) {
    const auto& info = frame->info();
    const Input& input = inputs_[static_cast<size_t>(info.partition)];
    Check(info.epoch != input.epoch, "the owner of a partition was fenced");
    SendTo(Message::Kind::kFenced, *frame);
  }
  for (const FramePtr& frame : outcome.produce) Produce(frame);
}

void ScheduleWorld::Produce(const FramePtr& frame) {
  const auto batch = std::make_shared<InFlight>(InFlight{frame, frame->record_count()});
  if (batch->left == 0) writer_->delivered.push_back(frame);
  for (size_t i = 0; i < frame->record_count(); ++i) {
    const RecordView record = frame->record(i);
    const bool failed = record.state == RecordState::kFailed;
    if (failed) outputs_[frame->info().partition].failed.insert(record.offset);
    const size_t queue = failed ? kDeadLetters : HashOf(record.offset) % kOutputPartitions;
    writer_->queues[{frame->info().partition, queue}].push_back({record.offset, batch});
  }
}

void ScheduleWorld::Deliver() {
  for (auto& [target, queue] : writer_->queues) {
    for (size_t records = Below(6); records > 0 && !queue.empty(); --records) {
      Persist(queue, target.first, target.second);
    }
  }
}

void ScheduleWorld::Persist(std::deque<Produced>& queue, int partition, size_t queue_number) {
  const Produced record = std::move(queue.front());
  queue.pop_front();
  Output& output = outputs_[partition];
  const bool poison = inputs_[static_cast<size_t>(partition)].poison.contains(record.offset);
  if (queue_number == kDeadLetters) {
    const auto accused = accused_.find({partition, record.offset});
    Check(poison || (accused != accused_.end() && accused->second > 1),
          "a record was failed that was not blamed twice");
    innocent_ += poison ? 0 : 1;
  } else {
    Check(!poison, "a record came out that kills whoever processes it");
  }
  ++produced_;
  // No order is promised to a good record that was a dead letter in one epoch and not in another.
  if (++output.times[record.offset] > 1) {
    ++duplicates_;
  } else if (poison || !output.failed.contains(record.offset)) {
    const auto [latest, first] = output.latest.try_emplace(queue_number, record.offset);
    Check(first || !rough_.ordered || latest->second < record.offset,
          "a record came out before an earlier one of its partition");
    latest->second = record.offset;
  }
  if (--record.batch->left == 0) writer_->delivered.push_back(record.batch->frame);
}

void ScheduleWorld::Report() {
  if (writer_->delivered.empty()) return;
  const FramePtr frame = Draw(writer_->delivered);
  writer_->order.Done(*frame, kNow);
  SendTo(Message::Kind::kAck, *frame);
}

void ScheduleWorld::TakeFence() {
  if (fences_.empty()) return;
  const Message fence = Draw(fences_);
  writer_->order.Fence(fence.origin, fence.partition, fence.epoch);
}

/// Of each output partition's queue some of the front is persisted, the rest is lost, and so are
/// some acknowledgements and some frames that it had received.
void ScheduleWorld::KillWriter() {
  Deliver();
  writer_ = std::make_unique<Writer>(rough_.ordered);
  std::erase_if(to_writer_, [&](const Pushed&) { return OneIn(2); });
  std::erase_if(fences_, [&](const Message&) { return OneIn(2); });
  LoseAcknowledgements();
}

/// Woken up, it drops what is not stored, what it held back and what waits for it, and has it all
/// sent again.
void ScheduleWorld::FreezeWriter() {
  Deliver();
  while (!writer_->delivered.empty()) Report();
  std::set<FramePtr> dropped;
  for (const auto& [target, queue] : std::exchange(writer_->queues, {})) {
    for (const Produced& record : queue) dropped.insert(record.batch->frame);
  }
  for (const FramePtr& frame : writer_->order.Abandon()) dropped.insert(frame);
  std::erase_if(to_writer_, [&](const Pushed& pushed) {
    return OneIn(2) && dropped.insert(pushed.frame).second;
  });
  for (const FramePtr& frame : dropped) SendTo(Message::Kind::kNack, *frame);
}

void ScheduleWorld::SendTo(Message::Kind kind, const Frame& frame) {
  const BatchInfo& info = frame.info();
  to_readers_.push_back({kind, info.origin, Name(info.partition), info.epoch, RangeOf(frame)});
}

}  // namespace rk
