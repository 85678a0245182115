#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "lib/batch/frame_format.h"

namespace rk {

/// The type of a tensor's elements.
enum class Dtype : uint8_t {
  kF32 = frame_format::kDtypeF32,
  kF64 = frame_format::kDtypeF64,
  kI32 = frame_format::kDtypeI32,
  kI64 = frame_format::kDtypeI64,
  kU8 = frame_format::kDtypeU8,
  kBool = frame_format::kDtypeBool,
};

/// Bytes of one element.
constexpr size_t SizeOf(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF64:
    case Dtype::kI64:
      return 8;
    case Dtype::kF32:
    case Dtype::kI32:
      return 4;
    case Dtype::kU8:
    case Dtype::kBool:
      return 1;
  }
  return 0;
}

/// One tensor with a row for each record; `data` is dense, row-major, little-endian.
struct ColumnView {
  std::string_view name;
  Dtype dtype = Dtype::kF32;
  std::vector<int64_t> shape;  ///< shape[0] is the record count
  std::string_view data;
};

}  // namespace rk
