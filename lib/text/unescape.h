#pragma once

#include <string>
#include <string_view>

namespace rk {

/// `text` with what \n \t \r \xHH and \NNN stand for, and any other character behind a backslash as
/// itself: as kcat reads its formats and delimiters.
std::string Unescape(std::string_view text);

}  // namespace rk
