#include "lib/link/held_frames.h"

#include <limits>

namespace rk {
namespace {

bool OfSameEpoch(const HeldRange& one, const HeldRange& other) {
  return one.epoch == other.epoch && one.partition == other.partition;
}

bool Contains(const OffsetRange& whole, const OffsetRange& part) {
  return whole.first <= part.first && part.first < part.next && part.next <= whole.next;
}

}  // namespace

void HeldFrames::Add(const HeldRange& batch) {
  ++frames_[batch];
  ++count_;
}

bool HeldFrames::Remove(const HeldRange& batch) {
  HeldRange last = batch;
  last.range.next = std::numeric_limits<int64_t>::max();
  auto found = frames_.find(batch);
  for (auto next = frames_.upper_bound(last); found == frames_.end() && next != frames_.begin();) {
    --next;
    if (!OfSameEpoch(next->first, batch)) break;  // as are all that come before it
    if (Contains(next->first.range, batch.range)) found = next;
  }
  if (found == frames_.end()) return false;
  const HeldRange whole = found->first;
  if (--found->second == 0) frames_.erase(found);
  --count_;
  for (const OffsetRange rest : {OffsetRange{whole.range.first, batch.range.first},
                                 OffsetRange{batch.range.next, whole.range.next}}) {
    if (rest.first < rest.next) Add({batch.partition, batch.epoch, rest});
  }
  return true;
}

void HeldFrames::Clear() {
  frames_.clear();
  count_ = 0;
}

std::vector<HeldRange> HeldFrames::Ranges() const {
  std::vector<HeldRange> ranges;
  for (const auto& [batch, count] : frames_) {
    HeldRange* last = ranges.empty() ? nullptr : &ranges.back();
    if (last != nullptr && last->partition == batch.partition && last->epoch == batch.epoch &&
        last->range.next == batch.range.first) {
      last->range.next = batch.range.next;
    } else {
      ranges.push_back(batch);
    }
  }
  return ranges;
}

}  // namespace rk
