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

/// Makes room for a frame among those held back, or says that it is not needed. A reader only ever
/// splits batches further, so of two frames that overlap one contains the other, and the larger is
/// a stale original: the parts of it come by themselves, and some may be acknowledged already.
bool ClearPlace(std::map<int64_t, std::shared_ptr<const Frame>>& held, OffsetRange range) {
  const auto behind = held.upper_bound(range.first);
  if (behind != held.end() && behind->first < range.next) return false;
  if (behind == held.begin()) return true;
  const auto before = std::prev(behind);
  const OffsetRange there = RangeOf(*before->second);
  if (there.next <= range.first) return true;
  if (there == range || there.next < range.next) return false;
  held.erase(before);
  return true;
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
  State& state = Begin(info);
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
WriterOrder::State& WriterOrder::Begin(const BatchInfo& info) {
  const auto [entry, added] =
      states_.try_emplace(Key{{std::string(info.topic), info.partition}, std::string(info.group)});
  State& state = entry->second;
  if (!added && info.epoch <= state.epoch) return state;
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
      if (ClearPlace(state.held, range)) state.held.emplace(range.first, std::move(frame));
      break;
    case Verdict::kAcknowledge:
      outcome.acknowledge.push_back(std::move(frame));
      break;
    case Verdict::kDrop:
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

void WriterOrder::Fence(const Origin& origin, const TopicPartition& partition, int64_t epoch) {
  FencedEpoch& fence = fences_[{origin, partition}];
  fence.epoch = std::max(fence.epoch, epoch);
  fence.seen = now_;
  for (auto& [key, state] : states_) {
    if (key.partition == partition && state.origin == origin && state.epoch <= epoch) {
      state.held.clear();
    }
  }
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
