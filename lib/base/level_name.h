#pragma once

#include <string_view>

#include "lib/base/log.h"

namespace rk {

/// `debug`, `info`, `warning` or `error`: the word for a level in every text that has one.
inline std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

}  // namespace rk
