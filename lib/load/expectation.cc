#include "lib/load/expectation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

bool IsDuration(std::string_view name) { return name.starts_with('p') || name == "max"; }

[[noreturn]] void Refuse(std::string_view text) {
  throw Error(
      ErrorKind::kUsage,
      fmt::format("'{}' cannot be expected: write NAME=N, NAME<N, <=, > or >=, with NAME one "
                  "of {}, and a unit (us, ms, s) for a duration",
                  text, fmt::join(MeasurementNames(), ", ")));
}

[[noreturn]] void RefuseValue(std::string_view text, std::string_view why) {
  throw Error(ErrorKind::kUsage, fmt::format("'{}' cannot be expected: {}", text, why));
}

// The schedule's longest; and more records than can be sent in it.
constexpr double kLongestS = 1e9;
constexpr double kMostRecords = 1e18;

// A condition that holds, or fails, whatever comes says nothing of a run.
void CheckValue(const Expectation& one) {
  const double most = IsDuration(one.name) ? kLongestS : kMostRecords;
  if (!std::isfinite(one.value) || one.value > most) {
    RefuseValue(one.text, fmt::format("its number has to be from 0 to {:.15g}{}", most,
                                      IsDuration(one.name) ? "s" : ""));
  }
  if (std::signbit(one.value))
    RefuseValue(one.text, fmt::format("{} is never less than 0", one.name));
  if (one.value == 0 && one.comparison == ">=") RefuseValue(one.text, "it always holds");
  if (one.value == 0 && one.comparison == "<") RefuseValue(one.text, "it never holds");
  if (one.comparison == "=" && !IsDuration(one.name) && one.value != std::floor(one.value))
    RefuseValue(one.text, fmt::format("{} is a whole number", one.name));
}

double UnitOf(std::string_view unit, bool is_duration) {
  if (!is_duration) return unit.empty() ? 1 : 0;
  if (unit == "us") return 1e-6;
  if (unit == "ms") return 1e-3;
  return unit == "s" ? 1 : 0;
}

Expectation ParseOne(std::string_view text) {
  const size_t at = text.find_first_of("<>=");
  if (at == std::string_view::npos) Refuse(text);
  const size_t value_at = text.find_first_not_of("<>=", at);
  if (value_at == std::string_view::npos) Refuse(text);
  Expectation one{std::string(text), std::string(text.substr(0, at)),
                  std::string(text.substr(at, value_at - at)), 0};
  constexpr std::string_view kComparisons[] = {"=", "<", "<=", ">", ">="};
  if (std::ranges::find(kComparisons, one.comparison) == std::end(kComparisons)) Refuse(text);
  if (std::ranges::find(MeasurementNames(), one.name) == MeasurementNames().end()) Refuse(text);
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + value_at, end, one.value);
  const double unit = UnitOf({rest, static_cast<size_t>(end - rest)}, IsDuration(one.name));
  if (error != std::errc() || unit == 0) Refuse(text);
  one.value *= unit;
  CheckValue(one);
  return one;
}

}  // namespace

bool Expectation::Holds(double measured) const {
  if (comparison == "=") return measured == value;
  if (comparison == "<") return measured < value;
  if (comparison == "<=") return measured <= value;
  if (comparison == ">") return measured > value;
  return measured >= value;
}

const std::vector<std::string_view>& MeasurementNames() {
  static const std::vector<std::string_view> names = {
      "sent", "loss", "duplicates", "disordered", "unknown", "p50", "p99", "p99.9", "max"};
  return names;
}

std::vector<Expectation> ParseExpectations(std::string_view text) {
  std::vector<Expectation> all;
  while (true) {
    const size_t comma = text.find(',');
    all.push_back(ParseOne(text.substr(0, comma)));
    if (comma == std::string_view::npos) return all;
    text.remove_prefix(comma + 1);
  }
}

std::vector<std::string> Unmet(const std::vector<Expectation>& expectations,
                               const Measurements& measured) {
  std::vector<std::string> unmet;
  for (const Expectation& one : expectations) {
    const auto found = measured.find(one.name);
    if (found == measured.end()) {
      unmet.push_back(fmt::format("{} (no result has come)", one.text));
      continue;
    }
    const double value = found->second;
    if (one.Holds(value)) continue;
    const std::string text =
        IsDuration(one.name) ? fmt::format("{:.3f}ms", value * 1e3) : fmt::format("{:.0f}", value);
    unmet.push_back(fmt::format("{} (it is {})", one.text, text));
  }
  return unmet;
}

}  // namespace rk
