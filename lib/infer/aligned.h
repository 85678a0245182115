#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace rk {

/// Allocates at multiples of 64 bytes, as libraries of models do themselves: what is not so may be
/// slower, and its sums differ in the last bits.
template <typename T>
struct AlignedAllocator {
  using value_type = T;

  static constexpr std::align_val_t kAlignment{64};

  AlignedAllocator() = default;
  template <typename Other>
  explicit AlignedAllocator(const AlignedAllocator<Other>& /*other*/) {}

  T* allocate(size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), kAlignment));
  }
  void deallocate(T* bytes, size_t /*count*/) { ::operator delete(bytes, kAlignment); }

  friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) { return true; }
};

using AlignedBytes = std::vector<char, AlignedAllocator<char>>;

}  // namespace rk
