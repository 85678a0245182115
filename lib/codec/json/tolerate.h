#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Inside lib/codec/json only: what is valid JSON although simdjson refuses it.
namespace rk {

/// What stands for a value that simdjson does not take: an object with this one key, the text of
/// the value being the string beside it.
inline constexpr std::string_view kLargeNumberKey = "\x01number";
inline constexpr std::string_view kLoneSurrogateKey = "\x01surrogate";

/// A text walked through by the grammar of RFC 8259.
struct Tolerated {
  /// `text` with stand-ins for numbers that neither 64-bit integers nor doubles hold and for
  /// strings with a lone surrogate; in keys such a surrogate is U+FFFD. Members are as many, in one
  /// order.
  std::string text;
  bool changed = false;
  std::optional<size_t> bad_at;  ///< the first byte that is wrong, maybe the end; if there is one
};

/// Nothing if the text is nested deeper than simdjson goes.
std::optional<Tolerated> Tolerate(std::string_view json);

/// What is wrong at a byte, for people.
std::string DescribeBadByte(std::string_view json, size_t at);

}  // namespace rk
