#pragma once

#include <cstdint>

#include "lib/batch/frame.h"
#include "lib/batch/tombstones.h"

namespace rk {

/// What was done so far, for reports.
struct MapCounts {
  uint64_t records = 0;   ///< all that came
  uint64_t failed = 0;    ///< of these, marked failed here
  uint64_t filtered = 0;  ///< of these, marked filtered here
};

/// A function on records, applied to frames. Records that are failed or filtered already are as
/// they were; so is everything of a record but its value and its state. One thread.
class Mapper {
 public:
  virtual ~Mapper() = default;

  /// The same batch under the same identity. A record that the function cannot use is marked
  /// failed in place, stage rk-map, and stops nothing.
  virtual Frame Run(const Frame& frame) = 0;

  /// What becomes of tombstones: the function itself is never given one.
  void Treat(Tombstones tombstones) { tombstones_ = tombstones; }

  const MapCounts& counts() const { return counts_; }

 protected:
  Tombstones tombstones_ = Tombstones::kPass;
  MapCounts counts_;
};

}  // namespace rk
