#include "lib/stage/option_value.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/ranges.h>

namespace rk {
namespace {

/// All of `text`, or nothing of it.
template <typename Number>
bool Parse(const std::string& text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end;
}

/// What `read` makes of a value, which CLI11 then takes as written out; `what` was expected.
template <typename Read>
CLI::Validator Reading(std::string what, Read read) {
  return CLI::Validator(
      [what = std::move(what), read = std::move(read)](std::string& text) -> std::string {
        if (auto value = read(text)) {
          text = *std::move(value);
          return {};
        }
        return fmt::format("'{}' is not {}", text, what);
      },
      "");
}

using Value = std::optional<std::string>;

Value Convert(const CLI::Validator& validator, std::string text) try {
  return validator(text).empty() ? Value(std::move(text)) : std::nullopt;
} catch (const CLI::ValidationError&) {
  return std::nullopt;
}

Value Between(double number, double least, double most, std::string text) {
  return number >= least && number <= most ? Value(std::move(text)) : std::nullopt;
}

}  // namespace

CLI::Validator WholeNumber(uint64_t least, uint64_t most) {
  return Reading(fmt::format("a whole number from {} to {}", least, most),
                 [=](const std::string& text) -> Value {
                   uint64_t number = 0;
                   if (!Parse(text, number) || number < least || number > most) return {};
                   return fmt::to_string(number);
                 });
}

CLI::Validator NumberBetween(double least, double most) {
  return Reading(fmt::format("a number from {:.15g} to {:.15g}", least, most),
                 [=](const std::string& text) -> Value {
                   double number = 0;
                   if (!Parse(text, number)) return {};
                   return Between(number, least, most, text);
                 });
}

CLI::Validator SizeBetween(uint64_t least, uint64_t most) {
  return Reading(
      fmt::format("a size from {} to {} bytes, such as 4096, 64KiB or 1MiB", least, most),
      [=](const std::string& text) -> Value {
        Value bytes = Convert(CLI::AsSizeValue(false), text);
        uint64_t number = 0;
        if (text.starts_with('-') || !bytes || !Parse(*bytes, number)) return {};
        if (number < least || number > most) return {};
        return bytes;
      });
}

CLI::Validator TimeUpTo(double most_ms) {
  return Reading(
      fmt::format("a time from 0 to {:.15g}ms, such as 500us, 5ms or 1s", most_ms),
      [=](const std::string& text) -> Value {
        const std::map<std::string, double> units = {{"us", 1e-3}, {"ms", 1}, {"s", 1e3}};
        const CLI::AsNumberWithUnit in_ms(units, CLI::AsNumberWithUnit::UNIT_OPTIONAL, "TIME");
        const Value time = Convert(in_ms, text);
        double number = 0;
        if (!time || !Parse(*time, number)) return {};
        return Between(number, 0, most_ms, *time);
      });
}

CLI::Validator OneOf(std::vector<std::string> words) {
  std::string what = AnyOf(words);
  return Reading(std::move(what), [words = std::move(words)](const std::string& text) -> Value {
    return std::ranges::find(words, text) == words.end() ? std::nullopt : Value(text);
  });
}

std::string AnyOf(const std::vector<std::string>& words) {
  if (words.size() == 1) return words.front();
  return fmt::format("{} or {}", fmt::join(words.begin(), words.end() - 1, ", "), words.back());
}

std::string UsageReason(const CLI::ParseError& error) {
  std::string text = error.what();
  const std::string name = text.substr(0, text.find_first_of(": "));
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    if (text.ends_with(" missing")) return name + " needs a value";
    if (text.find("At Most 1 ") != std::string::npos)
      return name + " is given more than once: which one counts?";
  }
  if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) {
    return fmt::format("{} and {} exclude each other", name, text.substr(text.rfind(' ') + 1));
  }
  return text;
}

}  // namespace rk
