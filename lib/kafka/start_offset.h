#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string_view>

namespace rk {

/// Where to begin in a partition: kcat's `-o`.
struct StartOffset {
  enum class Kind {
    kStored,     ///< the group's committed offset; where there is none, auto.offset.reset
    kBeginning,  ///< the oldest record
    kEnd,        ///< only what comes from now on
    kAbsolute,   ///< `value` is the offset
    kTail,       ///< `value` records before the end
    kTimestamp,  ///< the first record at or after `value` milliseconds since 1970
  };
  Kind kind = Kind::kBeginning;
  int64_t value = 0;
  auto operator<=>(const StartOffset&) const = default;
};

/// Parses `beginning|end|stored|N|-N|s@TIME`, and `earliest` and `latest`. TIME is milliseconds
/// since 1970, an ISO 8601 time, or `-N` with s, m, h or d, so long before `now`; the last two need
/// no `s@`. Throws Error(kUsage) that says what is allowed, also for seconds in place of
/// milliseconds.
StartOffset ParseStartOffset(std::string_view text, std::chrono::system_clock::time_point now =
                                                        std::chrono::system_clock::now());

}  // namespace rk
