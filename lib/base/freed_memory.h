#pragma once

#include <malloc.h>

namespace rk {

/// Freed memory stays with the process, but for blocks of 32 MiB and more. Frames of a size come
/// and go all the time. By default each large one is mapped, and given back to the kernel when it
/// goes, so that every page of the next is a fault again: half the throughput of a link
/// (scripts/bench/balance), and memory that goes up and down.
inline void KeepFreedMemory() {
  constexpr int kMappedFrom = 32 << 20;  // the largest that glibc takes
  constexpr int kGivenBackFrom = 64 << 20;
  mallopt(M_MMAP_THRESHOLD, kMappedFrom);
  mallopt(M_TRIM_THRESHOLD, kGivenBackFrom);
}

/// While one lives, large blocks of all threads are given back when they are freed: for work that
/// moves much from one block to another, once. Weights are read, copied and packed: else a model
/// of 320 MB took 650 for good.
class GiveFreedMemoryBack {
 public:
  GiveFreedMemoryBack() {
    constexpr int kMappedFrom = 2 << 20;  // few frames, and most of a large model's weights
    mallopt(M_MMAP_THRESHOLD, kMappedFrom);
  }
  ~GiveFreedMemoryBack() { KeepFreedMemory(); }
  GiveFreedMemoryBack(const GiveFreedMemoryBack&) = delete;
  GiveFreedMemoryBack& operator=(const GiveFreedMemoryBack&) = delete;
};

}  // namespace rk
