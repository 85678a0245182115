#pragma once

#include <cstdint>
#include <map>

#include "lib/batch/partition.h"

namespace rk {

/// A set of offsets kept as disjoint, non-adjacent ranges; adding merges. Every operation is
/// logarithmic in the number of ranges (plus the ranges it merges). Not thread-safe.
class IntervalSet {
 public:
  /// An empty range is ignored.
  void Add(OffsetRange range);
  /// Removes whatever of `range` is in the set.
  void Remove(OffsetRange range);
  bool ContainsAll(OffsetRange range) const;
  bool Overlaps(OffsetRange range) const;
  /// The end of the range that contains `offset`, or `offset` itself if none does.
  int64_t EndFrom(int64_t offset) const;
  /// The lowest offset of the set that is not below `offset`; the largest number there is if there
  /// is none.
  int64_t NextFrom(int64_t offset) const;
  bool empty() const { return ranges_.empty(); }

 private:
  std::map<int64_t, int64_t> ranges_;  ///< first → next
};

}  // namespace rk
