#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "lib/codec/json/extract.h"

namespace rk {

/// `PATH OP VALUE` on JSON objects, e.g. `type=view`, `user.age>=18`, `code="7"`. OP is one of
/// = != < <= > >=. VALUE is a JSON number, string, true, false or null; any other text stands for
/// the string of its characters. There may be space around OP.
///
/// Values are equal if they are of one kind and the same; numbers compare by value, strings by
/// their UTF-8 bytes. A field that is not there or null is equal to null, unequal to all else, and
/// neither less nor more than anything. Not thread-safe.
class Condition {
 public:
  /// Throws Error(kUsage) for an expression that is none.
  explicit Condition(std::string_view expression);
  ~Condition();

  /// Sets `holds`. `json` must have Buffer::kPadding readable bytes past its end. Codes:
  /// invalid-json, not-an-object; duplicate-field (one on the path is there twice); wrong-type (the
  /// field is of another kind than what it is to be less or more than).
  std::optional<Rejection> Test(std::string_view json, bool& holds);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rk
