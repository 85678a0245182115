#pragma once

#include <string>
#include <string_view>

namespace rk {

/// True for a pattern: what a topic's name has to match, a POSIX extended regular expression that
/// begins with `^`. Otherwise it is the name of a topic.
inline bool IsPattern(std::string_view topic) { return topic.starts_with('^'); }

/// True if `wanted`, a name or a pattern, stands for the topic `name`.
bool MatchesTopic(const std::string& wanted, const std::string& name);

/// Throws Error(kUsage) for a pattern that is no regular expression.
void CheckPattern(std::string_view topic);

}  // namespace rk
