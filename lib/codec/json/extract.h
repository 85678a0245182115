#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/codec/codec.h"

namespace rk {

/// Reads wanted fields out of JSON objects, straight into the rows of tensors, with no allocation
/// for a good record. The whole text is validated, also what is not wanted. Not thread-safe.
class Extractor : public FieldReader {
 public:
  /// `watched` are top-level keys whose values' places are looked up for Merge(), `dropped` the
  /// paths of fields that it leaves out. Throws Error(kUsage) for a path that is none.
  Extractor(const std::vector<Field>& fields, const std::vector<std::string>& watched,
            const std::vector<std::string>& dropped = {});
  ~Extractor() override;
  Extractor(Extractor&&) noexcept;
  Extractor& operator=(Extractor&&) noexcept;

  /// Reads `json`, which must have Buffer::kPadding readable bytes past its end, into `rows`. After
  /// a rejection the rows hold anything. Codes: invalid-json, not-an-object, missing-field,
  /// wrong-type, wrong-shape, out-of-range, duplicate-field (one that is read or watched is there
  /// twice, so that nobody can say which is meant).
  std::optional<Rejection> Extract(std::string_view json, std::span<const RowTarget> rows) override;

  /// Which of the watched keys the last accepted record has, and what of it is dropped, ordered by
  /// position.
  std::span<const PresentMember> present() const override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rk
