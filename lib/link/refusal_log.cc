#include "lib/link/refusal_log.h"

#include <fmt/format.h>

namespace rk {

std::optional<std::string> RefusalLog::Refused(const std::string& host, const std::string& reason,
                                               Clock::time_point now) {
  auto found = entries_.find({host, reason});
  if (found == entries_.end()) {
    if (entries_.size() >= kMostPeers) {
      std::erase_if(entries_,
                    [&](const auto& one) { return now - one.second.said >= kBetweenLines; });
    }
    if (entries_.size() < kMostPeers) {
      entries_.emplace(std::pair(host, reason), Entry{now});
      return fmt::format("{} peer={}", reason, host);
    }
    if (host != "many") return Refused("many", reason, now);
    found = entries_.insert_or_assign({host, reason}, Entry{now - kBetweenLines}).first;
  }
  Entry& entry = found->second;
  ++entry.since;
  if (now - entry.said < kBetweenLines) return std::nullopt;
  std::string line = fmt::format("{} peer={} times={}", reason, host, entry.since);
  entry = {now};
  return line;
}

}  // namespace rk
