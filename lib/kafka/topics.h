#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rk {

/// True for a pattern: what a topic's name has to match, a POSIX extended regular expression that
/// begins with `^`. Otherwise it is the name of a topic.
inline bool IsPattern(std::string_view topic) { return topic.starts_with('^'); }

/// True for a topic that brokers and clients keep for themselves, such as __consumer_offsets.
inline bool IsInternal(std::string_view topic) { return topic.starts_with("__"); }

/// Whether patterns among `topics` (names or patterns) stand for internal topics too: only where
/// one of them begins like these, `__` or `^__`.
bool WantInternal(const std::vector<std::string>& topics);

/// True if `wanted`, a name or a pattern, stands for the topic `name`.
bool MatchesTopic(const std::string& wanted, const std::string& name);

/// Throws Error(kUsage) for a pattern that is no regular expression.
void CheckPattern(std::string_view topic);

}  // namespace rk
