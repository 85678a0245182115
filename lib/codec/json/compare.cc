#include "lib/codec/json/compare.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <simdjson.h>

namespace rk {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

using Difference = std::optional<std::string>;

class Comparison {
 public:
  explicit Comparison(const Likeness& likeness) : likeness_(likeness) {}

  Difference Compare(const element& expected, const element& got, const std::string& path) const {
    if (expected.is_object() && got.is_object())
      return Members(expected.get_object(), got.get_object(), path);
    if (expected.is_array() && got.is_array())
      return Entries(expected.get_array(), got.get_array(), path);
    if (expected.is_number() && got.is_number() ? IsNear(expected, got)
                                                : Text(expected) == Text(got))
      return std::nullopt;
    return At(path, fmt::format("expected {}, got {}", Text(expected), Text(got)));
  }

 private:
  Difference Members(const object& expected, const object& got, const std::string& path) const {
    for (const auto& [key, value] : expected) {
      const std::string field = path + (path.empty() ? "" : ".") + std::string(key);
      element other;
      if (got.at_key(key).get(other)) return At(field, "is missing");
      if (auto difference = Compare(value, other, field)) return difference;
    }
    if (!likeness_.whole) return std::nullopt;
    for (const auto& [key, value] : got) {
      if (expected.at_key(key).error() == simdjson::SUCCESS) continue;
      return At(path + (path.empty() ? "" : ".") + std::string(key),
                fmt::format("not expected, got {}", Text(value)));
    }
    return std::nullopt;
  }

  Difference Entries(const array& expected, const array& got, const std::string& path) const {
    if (expected.size() != got.size())
      return At(path, fmt::format("expected {} entries, got {}", expected.size(), got.size()));
    auto other = got.begin();
    size_t index = 0;
    for (const element value : expected) {
      if (auto difference = Compare(value, *other, fmt::format("{}[{}]", path, index)))
        return difference;
      ++other;
      ++index;
    }
    return std::nullopt;
  }

  bool IsNear(const element& expected, const element& got) const {
    if (Text(expected) == Text(got)) return true;  // also where no double tells them apart
    const auto fraction = simdjson::dom::element_type::DOUBLE;
    if (likeness_.tolerance == 0 && expected.type() != fraction && got.type() != fraction)
      return false;
    const double number = expected.get_double();
    const double other = got.get_double();
    return std::abs(other - number) <= likeness_.tolerance * std::max(1.0, std::abs(number));
  }

  static std::string Text(const element& value) { return simdjson::minify(value); }

  static std::string At(const std::string& path, const std::string& text) {
    return path.empty() ? text : fmt::format("{}: {}", path, text);
  }

  const Likeness& likeness_;
};

}  // namespace

std::optional<std::string> CompareJson(std::string_view expected, std::string_view got,
                                       const Likeness& likeness) {
  simdjson::dom::parser expected_parser;
  simdjson::dom::parser got_parser;
  element expected_root;
  element got_root;
  if (expected_parser.parse(expected.data(), expected.size()).get(expected_root)) {
    if (expected == got) return std::nullopt;
    return "the bytes differ";
  }
  if (got_parser.parse(got.data(), got.size()).get(got_root)) return "it is not JSON";
  return Comparison(likeness).Compare(expected_root, got_root, "");
}

}  // namespace rk
