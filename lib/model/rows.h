#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lib/json/extract.h"
#include "lib/model/signature.h"

namespace rk {

/// Rows of records on their way into a model: for each input one dense tensor in host memory that
/// grows to the most rows it ever held and is used again. Not thread-safe.
class Rows {
 public:
  /// `watched`: as for Extractor.
  Rows(const std::vector<Input>& inputs, const std::vector<std::string>& watched);

  size_t count() const { return count_; }
  void Clear() { count_ = 0; }

  /// Adds a row with what `json` (padded as Extractor wants it) has. No row after a rejection.
  std::optional<Rejection> Add(std::string_view json);
  /// Which watched members the record of the row last added has.
  std::span<const PresentMember> present() const { return extractor_.present(); }

  /// Adds `count` rows of zeros: for a warm-up.
  void AddZeros(size_t count);

  /// The rows [first, last) of each input. Valid until the next call of anything.
  std::span<const ColumnView> Inputs(size_t first, size_t last);

 private:
  void Reserve(size_t count);

  std::vector<Input> inputs_;
  Extractor extractor_;
  std::vector<std::vector<char>> tensors_;  // by input
  std::vector<char*> row_;                  // by input: where the next row goes
  std::vector<ColumnView> views_;
  size_t count_ = 0;
  size_t capacity_ = 0;
};

}  // namespace rk
