#pragma once

#include <bit>
#include <cstring>

namespace rk {

// A big-endian machine would need the two functions below to swap, and nothing else.
static_assert(std::endian::native == std::endian::little);

/// The little-endian number at `at`, wherever it is aligned.
template <typename Number>
Number Load(const char* at) {
  Number number;
  std::memcpy(&number, at, sizeof number);
  return number;
}

/// Writes `number` little-endian at `at`, wherever that is aligned.
template <typename Number>
void Store(char* at, Number number) {
  std::memcpy(at, &number, sizeof number);
}

}  // namespace rk
