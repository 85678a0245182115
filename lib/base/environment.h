#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace rk {

/// The environment variable's value; nullopt if it is not set. Any thread, as long as none sets
/// one.
inline std::optional<std::string> Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace rk
