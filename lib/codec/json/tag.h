#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/codec/json/extract.h"

namespace rk {

/// What a program of somebody else's says to a tagged object.
struct TaggedAnswer {
  uint64_t number = 0;
  std::string value;                 ///< the object without the tag; every other byte is as it was
  std::optional<std::string> error;  ///< it cannot use the object, and says why: `rk-error`
};

/// A number that goes with a JSON object through a program of somebody else's, as its member
/// `_rk`, so that what comes out is known by what went in. Texts must have Buffer::kPadding
/// readable bytes past their end. Not thread-safe.
class Tag {
 public:
  static constexpr std::string_view kName = "_rk";
  static constexpr std::string_view kNumberName = "id";  ///< in a tag that says more
  static constexpr std::string_view kErrorName = "rk-error";

  Tag();
  ~Tag();

  /// Appends `json` in one line, with `tag` as its last member: JSON in one line, a number or an
  /// object that has it as `id`. Codes: invalid-json, not-an-object, reserved-field (it has an
  /// `_rk` already). After a rejection nothing is appended.
  std::optional<Rejection> Put(std::string_view json, std::string_view tag, std::string& out);

  /// Codes: invalid-json, not-an-object, missing-field (no `_rk`), duplicate-field, wrong-type.
  std::optional<Rejection> Take(std::string_view json, TaggedAnswer& answer);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rk
