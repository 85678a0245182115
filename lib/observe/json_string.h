#pragma once

#include <string>
#include <string_view>

namespace rk {

/// `text` as a string of JSON, quotes included. Always valid: bytes that are not UTF-8 become
/// U+FFFD. Any thread.
std::string JsonString(std::string_view text);

}  // namespace rk
