#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/codec/json/extract.h"

namespace rk {

/// A number that goes with a JSON object through a program of somebody else's, as its member
/// `_rk`, so that what comes out is known by what went in. Texts must have Buffer::kPadding
/// readable bytes past their end. Not thread-safe.
class Tag {
 public:
  static constexpr std::string_view kName = "_rk";

  Tag();
  ~Tag();

  /// Appends `json` in one line, with the number as its last member. Codes: invalid-json,
  /// not-an-object, reserved-field (it has an `_rk` already). After a rejection nothing is
  /// appended.
  std::optional<Rejection> Put(std::string_view json, uint64_t number, std::string& out);

  /// Sets `number`, and `out` to `json` without the member; every other byte stays. Codes:
  /// invalid-json, not-an-object, missing-field (no `_rk`), duplicate-field, wrong-type.
  std::optional<Rejection> Take(std::string_view json, uint64_t& number, std::string& out);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rk
