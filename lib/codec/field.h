#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/batch/tensor.h"

namespace rk {

/// A number, an array, or a string, that is wanted of every record.
struct Field {
  enum class Kind {
    kNumbers,  ///< `shape` of them, into a row's numbers
    kText,     ///< a string
    kList,     ///< an array of any length
    kLength,   ///< how many elements an array has, into a row's numbers
  };

  std::string path;            ///< see ParsePath()
  Dtype dtype = Dtype::kF32;   ///< what it is stored as
  std::vector<int64_t> shape;  ///< empty for a bare number; an array may be nested so, or flat
  /// One element's bytes, for a number or an array that is missing or null, and for an element that
  /// is null; empty: it must be there.
  std::string fallback;
  size_t row = 0;       ///< which of the rows it goes into
  size_t position = 0;  ///< where in that row, in bytes
  Kind kind = Kind::kNumbers;
  bool booleans = false;  ///< true and false are taken for 1 and 0, too
};

/// Why a record cannot be used: FailureView without the stage.
struct Rejection {
  std::string_view code;  ///< a literal
  std::string message;
};

/// Where a row goes that is read from a record: the bytes of its numbers, or its string, or the
/// bytes of its list's elements.
struct RowTarget {
  char* numbers = nullptr;
  std::string* text = nullptr;
};

/// A run of bytes of a text, [begin, end).
struct ByteRange {
  size_t begin = 0;
  size_t end = 0;
};

/// A result's name that a record has already as a field, and where its value is; or bytes that are
/// to be left out of the record.
struct PresentMember {
  static constexpr size_t kDropped = SIZE_MAX;

  size_t member = 0;  ///< which of the watched names, or kDropped
  ByteRange value;
};

}  // namespace rk
