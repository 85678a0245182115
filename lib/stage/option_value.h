#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace rk {

/// What an option's value has to be, for transform(): it says what is wrong in a sentence that
/// quotes the value and names all that is allowed, where CLI11's own validators print limits of
/// types, and read 010 as eight and -1 as the largest number.

/// The most that a count or a size of ours can be.
constexpr uint64_t kMostOptionValue = uint64_t{1} << 40;

/// Decimal digits, from `least` to `most`.
CLI::Validator WholeNumber(uint64_t least, uint64_t most = kMostOptionValue);
/// A number, with a fraction or without.
CLI::Validator NumberBetween(double least, double most);
/// Bytes, alone or with a unit: 4096, 64KiB, 1.5MiB.
CLI::Validator SizeBetween(uint64_t least, uint64_t most = kMostOptionValue);
/// A time, in milliseconds where it has no unit (us, ms, s); from 0 to `most_ms`.
CLI::Validator TimeUpTo(double most_ms);
/// One of these words.
CLI::Validator OneOf(std::vector<std::string> words);

/// "a, b or c".
std::string AnyOf(const std::vector<std::string>& words);

/// One of these words, which CLI11 then reads as its enumerator.
template <typename Enum>
CLI::Validator WordFor(std::map<std::string, Enum> words) {
  return CLI::Validator(
      [words = std::move(words)](std::string& text) -> std::string {
        const auto found = words.find(text);
        if (found != words.end()) {
          text = std::to_string(static_cast<std::underlying_type_t<Enum>>(found->second));
          return {};
        }
        std::vector<std::string> names;
        for (const auto& [name, value] : words) names.push_back(name);
        return fmt::format("'{}' is not {}", text, AnyOf(names));
      },
      "");
}

/// What is wrong with a command line, in our words where CLI11's are about its own types.
std::string UsageReason(const CLI::ParseError& error);

}  // namespace rk
