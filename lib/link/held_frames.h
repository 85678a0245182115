#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "lib/link/ready_message.h"

namespace rk {

/// What a fetcher has received and is not done with. A pure class; the caller serialises.
class HeldFrames {
 public:
  /// The same offsets may be there several times.
  void Add(const HeldRange& batch);
  /// Of what was added, once, that batch or a part of it; false if it is not there.
  bool Remove(const HeldRange& batch);
  void Clear();

  /// Frames, or what is left of them.
  size_t count() const { return count_; }
  /// Each offset that is there, once; neighbours that were added in order are joined.
  std::vector<HeldRange> Ranges() const;

 private:
  std::map<HeldRange, size_t> frames_;  ///< how many there are of each
  size_t count_ = 0;
};

}  // namespace rk
