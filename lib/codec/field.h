#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/batch/tensor.h"

namespace rk {

/// A number, an array of numbers, or a string, that is wanted of every record.
struct Field {
  std::string path;            ///< see ParsePath()
  Dtype dtype = Dtype::kF32;   ///< what it is stored as
  std::vector<int64_t> shape;  ///< empty for a bare number; an array may be nested so, or flat
  std::string fallback;  ///< one element's bytes for a record without it; empty: it must be there
  size_t row = 0;        ///< which of the rows it goes into
  size_t position = 0;   ///< where in that row, in bytes
  bool text = false;     ///< a string instead: of the above only path and row count
};

/// Why a record cannot be used: FailureView without the stage.
struct Rejection {
  std::string_view code;  ///< a literal
  std::string message;
};

/// Where a row goes that is read from a record: the bytes of its numbers, or its string.
struct RowTarget {
  char* numbers = nullptr;
  std::string* text = nullptr;
};

/// A run of bytes of a text, [begin, end).
struct ByteRange {
  size_t begin = 0;
  size_t end = 0;
};

/// A result's name that a record has already as a field, and where its value is.
struct PresentMember {
  size_t member = 0;  ///< which of the watched names
  ByteRange value;
};

}  // namespace rk
