#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rk {

/// The keys that lead from a record's object to a field: `a.b.c` is {"a", "b", "c"}. A key that
/// has a dot in it cannot be named. Throws Error(kUsage) for an empty key.
std::vector<std::string> ParsePath(std::string_view text);

}  // namespace rk
