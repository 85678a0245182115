#pragma once

#include <string>
#include <string_view>

namespace rk {

/// The first line of the file, without white space around it. Throws Error(kMissing) if it cannot
/// be read, Error(kConfiguration) if it is empty.
std::string ReadToken(const std::string& path);

/// True if the value of an Authorization header has the token: as `Bearer TOKEN`, or as the
/// password of `Basic`. Takes the same time for each that is wrong.
bool HasToken(std::string_view authorization, std::string_view token);

}  // namespace rk
