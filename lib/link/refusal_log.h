#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace rk {

/// What is said of peers that are refused: the first time at once, then once a minute with how
/// often it was since, so that no stranger fills a log. Of many strangers only the first are told
/// apart. A pure class: time is handed in.
class RefusalLog {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::minutes kBetweenLines{1};
  static constexpr size_t kMostPeers = 64;

  /// A peer at `host` was refused for `reason`: what to log now, nullopt for nothing.
  std::optional<std::string> Refused(const std::string& host, const std::string& reason,
                                     Clock::time_point now);

 private:
  struct Entry {
    Clock::time_point said;
    uint64_t since = 0;  ///< refusals that nothing was said of
  };
  std::map<std::pair<std::string, std::string>, Entry> entries_;  ///< by host and reason
};

}  // namespace rk
