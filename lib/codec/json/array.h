#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace rk {

/// The elements of the JSON array `text`, as they are written and without the space around them;
/// nothing if it is none. Only brackets, commas and quotes are looked at: whether an element is
/// JSON is for whoever parses it.
std::optional<std::vector<std::string_view>> SplitArray(std::string_view text);

}  // namespace rk
