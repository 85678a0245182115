#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/codec/json/extract.h"

namespace rk {

/// A field of a JSON object as the key of its record. Not thread-safe.
class KeyField {
 public:
  /// `path` is dotted; with a `?` behind it, as jq has it, a field that is missing or null is a
  /// null key and no fault. Throws Error(kUsage) for a path that is none.
  explicit KeyField(const std::string& path);
  ~KeyField();

  /// Sets `key`: a string's text, a number or a boolean as JSON has it. `json` must have
  /// Buffer::kPadding readable bytes past its end. Codes: invalid-json, not-an-object,
  /// missing-field, duplicate-field, wrong-type.
  std::optional<Rejection> Read(std::string_view json, std::optional<std::string>& key);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rk
