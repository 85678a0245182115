#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/batch/frame.h"
#include "lib/codec/json/splice.h"

namespace rk {

/// A number, an array of numbers, or a string, that is wanted of every record.
struct Field {
  std::string path;            ///< dotted
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

/// Reads wanted fields out of JSON objects, straight into the rows of tensors, with no allocation
/// for a good record. The whole text is validated, also what is not wanted. Not thread-safe.
class Extractor {
 public:
  /// `watched` are top-level keys whose values' places are looked up for Merge().
  /// Throws Error(kUsage) for a path that is none.
  Extractor(const std::vector<Field>& fields, const std::vector<std::string>& watched);
  ~Extractor();
  Extractor(Extractor&&) noexcept;
  Extractor& operator=(Extractor&&) noexcept;

  /// Reads `json`, which must have Buffer::kPadding readable bytes past its end, into `rows`. After
  /// a rejection the rows hold anything. Codes: invalid-json, not-an-object, missing-field,
  /// wrong-type, wrong-shape, out-of-range, duplicate-field (one that is read or watched is there
  /// twice, so that nobody can say which is meant).
  std::optional<Rejection> Extract(std::string_view json, std::span<const RowTarget> rows);

  /// Which of the watched keys the last accepted record has, ordered by position.
  std::span<const PresentMember> present() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rk
