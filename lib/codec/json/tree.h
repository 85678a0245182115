#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rk {

/// A JSON text taken apart: for small ones of our own, of which several parts are wanted. A value.
struct JsonTree {
  std::string text;                ///< of a string; of a number or a word as it was written
  double number = 0;               ///< of a number
  std::vector<std::string> names;  ///< of an object's members
  std::vector<JsonTree> entries;   ///< of an array; of an object its members, in the names' order

  /// The member; null if there is none.
  const JsonTree* Find(std::string_view name) const;
  /// Of the member; 0 or empty if there is none, or if it is no such thing.
  double Number(std::string_view name) const;
  std::string Text(std::string_view name) const;
};

/// Nothing for what is no JSON.
std::optional<JsonTree> ParseJsonTree(std::string_view json);

}  // namespace rk
