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

/// Keeps the frame among those held back, or drops it. A reader only ever splits batches further,
/// so of two frames that overlap one contains the other, and the larger is a stale original: the
/// parts of it come by themselves, and some may be acknowledged already.
void Hold(Held& held, WriterOrder::FramePtr frame, std::vector<WriterOrder::FramePtr>& dropped) {
  const OffsetRange range = RangeOf(*frame);
  const auto behind = held.upper_bound(range.first);
  const bool contains_one = behind != held.end() && behind->first < range.next;
  const auto before = behind == held.begin() ? held.end() : std::prev(behind);
  const OffsetRange there = before == held.end() ? OffsetRange{} : RangeOf(*before->second);
  if (contains_one || there == range || (range.first < there.next && there.next < range.next)) {
    dropped.push_back(std::move(frame));
    return;
  }
  if (range.first < there.next) {
    dropped.push_back(std::move(before->second));
    held.erase(before);
  }
  held.emplace(range.first, std::move(frame));
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
  Settle(state, std::move(frame), outcome);
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

WriterOrder::Verdict WriterOrder::Judge(const State& state, OffsetRange range) const {
  if (state.acknowledged.ContainsAll(range)) return Verdict::kAcknowledge;
  if (state.taken.Overlaps(range)) return Verdict::kDrop;
  if (ordered_ && range.first > state.taken.EndFrom(kFirstOffset)) return Verdict::kHold;
  return Verdict::kProduce;
}

void WriterOrder::Settle(State& state, FramePtr frame, Outcome& outcome) const {
  const OffsetRange range = RangeOf(*frame);
  switch (Judge(state, range)) {
    case Verdict::kProduce:
      state.taken.Add(range);
      ++state.in_flight;
      outcome.produce.push_back(std::move(frame));
      break;
    case Verdict::kHold:
      Hold(state.held, std::move(frame), outcome.dropped);
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
    FramePtr frame = std::move(state.held.extract(state.held.begin()).mapped());
    Settle(state, std::move(frame), outcome);
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
