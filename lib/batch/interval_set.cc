#include "lib/batch/interval_set.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace rk {

void IntervalSet::Add(OffsetRange range) {
  if (range.first >= range.next) return;
  auto after = ranges_.upper_bound(range.first);
  // Growing the range before in place spares an allocation where ranges come in order.
  auto grown = after == ranges_.begin() ? ranges_.end() : std::prev(after);
  if (grown == ranges_.end() || grown->second < range.first) {
    grown = ranges_.emplace_hint(after, range.first, range.next);
  }
  while (after != ranges_.end() && after->first <= range.next) {
    range.next = std::max(range.next, after->second);
    after = ranges_.erase(after);
  }
  grown->second = std::max(grown->second, range.next);
}

void IntervalSet::Remove(OffsetRange range) {
  if (range.first >= range.next) return;
  auto at = ranges_.upper_bound(range.first);
  if (at != ranges_.begin()) --at;
  while (at != ranges_.end() && at->first < range.next) {
    const auto [first, next] = *at;
    if (next <= range.first) {
      ++at;
      continue;
    }
    at = ranges_.erase(at);
    if (first < range.first) ranges_.emplace_hint(at, first, range.first);
    if (next > range.next) ranges_.emplace_hint(at, range.next, next);
  }
}

bool IntervalSet::ContainsAll(OffsetRange range) const {
  return range.first >= range.next || EndFrom(range.first) >= range.next;
}

bool IntervalSet::Overlaps(OffsetRange range) const {
  if (range.first >= range.next) return false;
  const auto after = ranges_.lower_bound(range.next);
  return after != ranges_.begin() && std::prev(after)->second > range.first;
}

int64_t IntervalSet::NextFrom(int64_t offset) const {
  if (EndFrom(offset) > offset) return offset;
  const auto after = ranges_.lower_bound(offset);
  return after == ranges_.end() ? std::numeric_limits<int64_t>::max() : after->first;
}

int64_t IntervalSet::EndFrom(int64_t offset) const {
  const auto after = ranges_.upper_bound(offset);
  return after == ranges_.begin() ? offset : std::max(offset, std::prev(after)->second);
}

}  // namespace rk
