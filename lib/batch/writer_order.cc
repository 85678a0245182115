#include "lib/batch/writer_order.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace rk {
namespace {

constexpr std::chrono::minutes kSilence{10};
/// Kafka's offsets begin here. Counting everything from here to the floor as acknowledged keeps the
/// interval sets at one range and what lies above it.
constexpr int64_t kFirstOffset = 0;

OffsetRange RangeOf(const Frame& frame) {
  return {frame.info().first_offset, frame.info().next_offset};
}

using Held = std::map<int64_t, WriterOrder::FramePtr>;

void DropAll(Held& held, std::vector<WriterOrder::FramePtr>& dropped) {
  for (auto& [first, frame] : held) dropped.push_back(std::move(frame));
  held.clear();
}

}  // namespace

WriterOrder::Outcome WriterOrder::Take(FramePtr frame, Clock::time_point now) {
  now_ = now;
  Outcome outcome;
  const BatchInfo& info = frame->info();
  if (Fenced(info)) {
    outcome.fenced.push_back(std::move(frame));
    return outcome;
  }
  State& state = Begin(info, outcome);
  if (info.epoch < state.epoch) {
    outcome.fenced.push_back(std::move(frame));
    return outcome;
  }
  state.seen = now;
  state.acknowledged.Add({kFirstOffset, info.floor});
  state.taken.Add({kFirstOffset, info.floor});
  Settle(state, frame, outcome);
  Release(state, outcome);
  return outcome;
}

bool WriterOrder::Fenced(const BatchInfo& info) const {
  if (fences_.empty()) return false;
  const auto fence = fences_.find({info.origin, {std::string(info.topic), info.partition}});
  return fence != fences_.end() && info.epoch <= fence->second.epoch;
}

/// The state of the frame's partition, started afresh if the frame is the first of its epoch.
WriterOrder::State& WriterOrder::Begin(const BatchInfo& info, Outcome& outcome) {
  const auto [entry, added] =
      states_.try_emplace(Key{{std::string(info.topic), info.partition}, std::string(info.group)});
  State& state = entry->second;
  if (!added && info.epoch <= state.epoch) return state;
  DropAll(state.held, outcome.dropped);
  state = State{};
  state.origin = info.origin;
  state.epoch = info.epoch;
  return state;
}

/// What to do about the offsets from `range.first` on, and up to where that is so: at most to
/// `range.next`.
WriterOrder::Verdict WriterOrder::Judge(const State& state, OffsetRange& range) const {
  const auto upto = [&range](int64_t end) { range.next = std::min(range.next, end); };
  if (const int64_t end = state.acknowledged.EndFrom(range.first); end > range.first) {
    upto(end);
    return Verdict::kAcknowledge;
  }
  if (const int64_t end = state.taken.EndFrom(range.first); end > range.first) {
    upto(end);
    upto(state.acknowledged.NextFrom(range.first));
    return Verdict::kDrop;
  }
  const auto behind = state.held.upper_bound(range.first);
  if (behind != state.held.begin()) {
    const int64_t end = RangeOf(*std::prev(behind)->second).next;
    if (end > range.first) {
      upto(end);
      return Verdict::kDrop;
    }
  }
  if (behind != state.held.end()) upto(behind->first);
  upto(state.taken.NextFrom(range.first));
  const bool early = ordered_ && range.first > state.taken.EndFrom(kFirstOffset);
  return early ? Verdict::kHold : Verdict::kProduce;
}

/// A frame that overlaps what came before is cut there, and each piece settled by itself: parts of
/// a batch may have come already, made by the reader or by a stage, that never come again.
void WriterOrder::Settle(State& state, const FramePtr& frame, Outcome& outcome) const {
  const OffsetRange whole = RangeOf(*frame);
  OffsetRange range = whole;
  while (range.first < whole.next) {
    range.next = whole.next;
    const Verdict verdict = Judge(state, range);
    FramePtr piece = range == whole
                         ? frame
                         : std::make_shared<const Frame>(Slice(*frame, range.first, range.next));
    Carry(state, verdict, std::move(piece), outcome);
    range.first = range.next;
  }
}

void WriterOrder::Carry(State& state, Verdict verdict, FramePtr frame, Outcome& outcome) {
  const OffsetRange range = RangeOf(*frame);
  switch (verdict) {
    case Verdict::kProduce:
      state.taken.Add(range);
      ++state.in_flight;
      outcome.produce.push_back(std::move(frame));
      break;
    case Verdict::kHold:
      state.held.emplace(range.first, std::move(frame));
      break;
    case Verdict::kAcknowledge:
      outcome.acknowledge.push_back(std::move(frame));
      break;
    case Verdict::kDrop:
      outcome.dropped.push_back(std::move(frame));
      break;
  }
}

/// Settles again, lowest first, whatever the expected offset has reached.
void WriterOrder::Release(State& state, Outcome& outcome) const {
  while (!state.held.empty() && state.held.begin()->first <= state.taken.EndFrom(kFirstOffset)) {
    const FramePtr frame = std::move(state.held.extract(state.held.begin()).mapped());
    Settle(state, frame, outcome);
  }
}

void WriterOrder::Done(const Frame& frame, Clock::time_point now) {
  now_ = now;
  const BatchInfo& info = frame.info();
  const auto entry =
      states_.find({{std::string(info.topic), info.partition}, std::string(info.group)});
  if (entry == states_.end() || entry->second.epoch != info.epoch) return;
  State& state = entry->second;
  state.seen = now;
  state.acknowledged.Add(RangeOf(frame));
  --state.in_flight;
}

void WriterOrder::Dropped(const Frame& frame) {
  const BatchInfo& info = frame.info();
  const auto entry =
      states_.find({{std::string(info.topic), info.partition}, std::string(info.group)});
  if (entry != states_.end() && entry->second.epoch == info.epoch) --entry->second.in_flight;
}

std::vector<WriterOrder::FramePtr> WriterOrder::Fence(const Origin& origin,
                                                      const TopicPartition& partition,
                                                      int64_t epoch) {
  std::vector<FramePtr> dropped;
  FencedEpoch& fence = fences_[{origin, partition}];
  fence.epoch = std::max(fence.epoch, epoch);
  fence.seen = now_;
  for (auto& [key, state] : states_) {
    if (key.partition == partition && state.origin == origin && state.epoch <= epoch) {
      DropAll(state.held, dropped);
    }
  }
  return dropped;
}

std::vector<WriterOrder::FramePtr> WriterOrder::Abandon() {
  std::vector<FramePtr> held;
  for (auto& [key, state] : states_) {
    DropAll(state.held, held);
    state.taken = state.acknowledged;
    state.in_flight = 0;
  }
  return held;
}

void WriterOrder::Expire(Clock::time_point now) {
  now_ = now;
  std::erase_if(states_, [&](const auto& entry) {
    const State& state = entry.second;
    return state.in_flight == 0 && state.held.empty() && now - state.seen > kSilence;
  });
  std::erase_if(fences_, [&](const auto& entry) { return now - entry.second.seen > kSilence; });
}

size_t WriterOrder::held_back() const {
  size_t frames = 0;
  for (const auto& [key, state] : states_) frames += state.held.size();
  return frames;
}

}  // namespace rk
