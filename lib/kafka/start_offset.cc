#include "lib/kafka/start_offset.h"

#include <charconv>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

int64_t ParseNumber(std::string_view digits, std::string_view whole) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number < 0) {
    throw Error(
        ErrorKind::kUsage,
        fmt::format("offset '{}' is not beginning, end, stored, N, -N or s@MILLISECONDS", whole));
  }
  return number;
}

}  // namespace

StartOffset ParseStartOffset(std::string_view text) {
  using Kind = StartOffset::Kind;
  if (text == "stored") return {Kind::kStored, 0};
  if (text == "beginning") return {Kind::kBeginning, 0};
  if (text == "end") return {Kind::kEnd, 0};
  if (text.starts_with("s@")) return {Kind::kTimestamp, ParseNumber(text.substr(2), text)};
  if (text.starts_with('-')) return {Kind::kTail, ParseNumber(text.substr(1), text)};
  return {Kind::kAbsolute, ParseNumber(text, text)};
}

}  // namespace rk
