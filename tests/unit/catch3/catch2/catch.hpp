// The one header of Catch2 2, where the machine has Catch2 3 (Debian 13), and the names in it that
// have moved. CMake offers this folder only there.
#pragma once

#include <catch2/catch_all.hpp>

using Catch::Approx;

namespace Catch {

using namespace Matchers;

inline auto Contains(const std::string& part) { return Matchers::ContainsSubstring(part); }

}  // namespace Catch
