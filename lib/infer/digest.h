#pragma once

#include <string>

namespace rk {

/// The SHA-256 of a file's bytes, 64 lower-case hexadecimal digits. Throws Error(kMissing) if the
/// file is not there, Error(kIo).
std::string Sha256Of(const std::string& file);

}  // namespace rk
