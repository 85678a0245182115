#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rk {

/// How much of a JSON text has to be as it was expected.
struct Likeness {
  bool whole = true;     ///< false: only the fields that the expected text has, in every object
  double tolerance = 0;  ///< of numbers: relative to the expected one where that is larger than 1
};

/// Where `got` first differs from `expected`, and how: `scores[1]: expected 0.5, got 0.7`; nullopt
/// if it does not. The order of an object's fields and blanks do not count. What is no JSON is
/// compared byte by byte. Any thread.
std::optional<std::string> CompareJson(std::string_view expected, std::string_view got,
                                       const Likeness& likeness);

}  // namespace rk
