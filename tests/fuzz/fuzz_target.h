#pragma once

#include <cstddef>
#include <cstdlib>
#include <string_view>

#include "lib/base/error.h"

namespace rk {

inline void Require(bool holds) {
  if (!holds) std::abort();
}

/// Hands the fuzzer's bytes to `use`; that they are refused as `refusal` is in order, nothing else.
template <typename Use>
int Fuzz(const unsigned char* data, size_t size, ErrorKind refusal, const Use& use) {
  try {
    use(std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const Error& error) {
    if (error.kind() != refusal) throw;
  }
  return 0;
}

}  // namespace rk
