#include "lib/kafka/start_offset.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/kafka/iso_time.h"

namespace rk {
namespace {

using SystemTime = std::chrono::system_clock::time_point;

// As milliseconds these are the days from 1970-01-02 to 1973, as seconds those from 1973 on.
constexpr int64_t kLeastSeconds = 100'000'000;
constexpr int64_t kMostSeconds = 100'000'000'000;
constexpr int64_t kLongestAgoMs = int64_t{100} * 365 * 86'400'000;

[[noreturn]] void Refuse(std::string_view text, std::string_view why) {
  throw Error(ErrorKind::kUsage, fmt::format("offset '{}' {}", text, why));
}

std::optional<int64_t> ParseNumber(std::string_view digits) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number < 0)
    return std::nullopt;
  return number;
}

int64_t UnitMs(char unit) {
  switch (unit) {
    case 's':
      return 1'000;
    case 'm':
      return 60'000;
    case 'h':
      return 3'600'000;
    case 'd':
      return 86'400'000;
    default:
      return 0;
  }
}

// -10m
std::optional<int64_t> ParseAgo(std::string_view text, SystemTime now) {
  if (!text.starts_with('-') || UnitMs(text.back()) == 0) return std::nullopt;
  const int64_t unit = UnitMs(text.back());
  const auto count = ParseNumber(text.substr(1, text.size() - 2));
  if (!count || *count > kLongestAgoMs / unit) return std::nullopt;
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
  return std::max<int64_t>(ms - *count * unit, 0);
}

// What needs no s@.
std::optional<int64_t> ParseTime(std::string_view text, SystemTime now) {
  const auto time = ParseIsoTime(text);
  if (!time && ParseIsoTime(std::string(text) + "Z"))
    Refuse(text, "has no time zone: write Z behind it for UTC, or such as +01:00");
  return time ? time : ParseAgo(text, now);
}

int64_t ParseMilliseconds(std::string_view digits, std::string_view whole) {
  const auto number = ParseNumber(digits);
  if (!number) Refuse(whole, "is no time: write s@MILLISECONDS, 2026-01-02T03:04:05Z or -10m");
  if (*number >= kLeastSeconds && *number < kMostSeconds) {
    Refuse(whole, fmt::format("is {} in milliseconds since 1970: for seconds, {}, write {}000",
                              IsoTime(*number), IsoTime(*number * 1000), whole));
  }
  return *number;
}

}  // namespace

StartOffset ParseStartOffset(std::string_view text, SystemTime now) {
  using Kind = StartOffset::Kind;
  if (text == "stored") return {Kind::kStored, 0};
  if (text == "beginning" || text == "earliest") return {Kind::kBeginning, 0};
  if (text == "end" || text == "latest") return {Kind::kEnd, 0};
  const bool timed = text.starts_with("s@");
  const std::string_view rest = timed ? text.substr(2) : text;
  if (const auto time = ParseTime(rest, now)) return {Kind::kTimestamp, *time};
  if (timed) return {Kind::kTimestamp, ParseMilliseconds(rest, text)};
  const bool tail = text.starts_with('-');
  if (const auto number = ParseNumber(text.substr(tail ? 1 : 0)))
    return {tail ? Kind::kTail : Kind::kAbsolute, *number};
  Refuse(text,
         "is not beginning, end, stored, N, -N, s@MILLISECONDS, 2026-01-02T03:04:05Z or -10m");
}

}  // namespace rk
