#pragma once

#include <functional>
#include <string_view>

namespace rk {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// Where lib/ sends what a person should know; lib/ itself never prints. The message is
/// `text key=value …` without a newline. Called from any thread, so it must be thread-safe.
using Log = std::function<void(LogLevel, std::string_view message)>;

}  // namespace rk
