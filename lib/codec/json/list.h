#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rk {

/// The string `member` of each object in the array `list` of a JSON object; nothing if there is no
/// such array. For small texts that people write. Throws Error(kConfiguration) for anything else,
/// saying what it expected.
std::vector<std::string> ListStrings(std::string_view json, std::string_view list,
                                     std::string_view member);

/// The strings in the array `list` of a JSON object; else the same.
std::vector<std::string> ListStrings(std::string_view json, std::string_view list);

/// The object `member` of a JSON object, in one line; empty if it has none. Throws
/// Error(kConfiguration) if it is something else.
std::string ObjectText(std::string_view json, std::string_view member);

/// The string `member` of a JSON object; else the same.
std::string StringText(std::string_view json, std::string_view member);

}  // namespace rk
