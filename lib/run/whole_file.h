#pragma once

#include <string>

namespace rk {

/// The text of a file. Throws Error(kMissing) if there is none, or if it is a folder.
std::string ReadWholeFile(const std::string& path);

}  // namespace rk
