#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rk {

/// The keys that lead from a record's object to a field: `a.b.c` is {"a", "b", "c"}. A dot or a
/// backslash of a key itself has a backslash before it: `user\.age` is {"user.age"}; so may the
/// other signs of an input spec, `?`, `#`, `@` and `{`. Throws Error(kUsage) for an empty key, and
/// for a backslash before anything else.
std::vector<std::string> ParsePath(std::string_view text);

/// A key as it is written in a path.
std::string EscapedKey(std::string_view key);

}  // namespace rk
