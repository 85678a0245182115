#include "lib/tap/tap_request.h"

#include <charconv>

#include <fmt/format.h>

namespace rk {
namespace {

constexpr std::string_view kBegin = "tap 1 ";

// Takes a number and the blank behind it.
bool TakeNumber(std::string_view& text, size_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  return true;
}

}  // namespace

std::string TapRequest::Text() const {
  return fmt::format("{}{} {} {}", kBegin, rate, failed ? 1 : 0, cut);
}

std::optional<TapRequest> TapRequest::Parse(std::string_view text) {
  if (!text.starts_with(kBegin)) return std::nullopt;
  text.remove_prefix(kBegin.size());
  TapRequest request;
  size_t failed = 0;
  if (!TakeNumber(text, request.rate) || !TakeNumber(text, failed) ||
      !TakeNumber(text, request.cut) || !text.empty())
    return std::nullopt;
  request.failed = failed == 1;
  if (failed > 1 || request.rate < 1 || request.rate > kMostRate || request.cut < 1 ||
      request.cut > kMostCut)
    return std::nullopt;
  return request;
}

}  // namespace rk
