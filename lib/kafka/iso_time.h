#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rk {

/// Milliseconds since 1970 of an ISO 8601 time with its zone: 2026-01-02T03:04:05Z, with a fraction
/// of a second or without seconds, or with +01:00 for Z. nullopt for anything else, and for a time
/// before 1970.
std::optional<int64_t> ParseIsoTime(std::string_view text);

/// The other way, in UTC, to the second.
std::string IsoTime(int64_t ms);

}  // namespace rk
