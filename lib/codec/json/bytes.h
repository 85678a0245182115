#pragma once

#include <string>
#include <string_view>

namespace rk {

/// Appends `bytes` as JSON: a string if they are UTF-8, else `{"base64":"…"}`, since no JSON string
/// can hold them.
void AppendBytes(std::string_view bytes, std::string& out);

}  // namespace rk
