#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rk {

/// The keys that lead from a record's object to a field: `a.b.c` is {"a", "b", "c"}. A dot or a
/// backslash of a key itself has a backslash before it, `user\.age` is {"user.age"}, and so has any
/// other sign that means something where the path stands: one of `?#@{},=!<>`. Throws Error(kUsage)
/// for an empty key, and for a backslash before anything else.
std::vector<std::string> ParsePath(std::string_view text);

/// Where the first of `signs` is that has no backslash before it; npos if there is none.
size_t FindSign(std::string_view text, std::string_view signs, size_t from = 0);

/// True if a `?` ends the path, and no backslash makes it part of a key: the field need not be
/// there.
bool IsOptionalPath(std::string_view path);

/// A key as it is written in a path.
std::string EscapedKey(std::string_view key);

}  // namespace rk
