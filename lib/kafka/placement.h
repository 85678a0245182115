#pragma once

#include <cstdint>
#include <string>

namespace rk {

/// Which partition of the output a record goes to. Dead letters always go by their keys.
struct Placement {
  enum class By { kKey, kSame, kFixed };
  By by = By::kKey;   ///< kSame: the number that it had in the input
  int32_t fixed = 0;  ///< for kFixed
};

/// `key`, `same`, or a partition's number. Throws Error(kUsage).
Placement ParsePlacement(const std::string& text);

}  // namespace rk
