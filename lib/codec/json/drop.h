#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/codec/field.h"

namespace rk {

/// Takes fields out of JSON objects; every other member stays as it is written. Not thread-safe.
class FieldDropper {
 public:
  /// Throws Error(kUsage) for a path that is none (ParsePath()).
  explicit FieldDropper(const std::vector<std::string>& paths);
  ~FieldDropper();

  /// Appends `json`, which must have Buffer::kPadding readable bytes past its end, without the
  /// fields; one that occurs more than once goes each time, one that is not there is no fault.
  /// Codes: invalid-json, not-an-object; nothing is appended then.
  std::optional<Rejection> Drop(std::string_view json, std::string& out);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rk
