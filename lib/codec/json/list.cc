#include "lib/codec/json/list.h"

#include <functional>

#include <fmt/format.h>
#include <simdjson.h>

#include "lib/base/error.h"

namespace rk {
namespace {

using simdjson::dom::element;

// Of each entry of the list what `take` finds in it, true if it did.
std::vector<std::string> List(std::string_view json, std::string_view list,
                              const std::string& expected,
                              const std::function<bool(element, std::string_view&)>& take) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (const auto error = parser.parse(json.data(), json.size()).get(object)) {
    throw Error(ErrorKind::kConfiguration,
                fmt::format("expected a JSON object: {}", simdjson::error_message(error)));
  }
  std::vector<std::string> strings;
  element value;
  if (object[list].get(value)) return strings;
  const auto wrong = [&] {
    return Error(ErrorKind::kConfiguration,
                 fmt::format("expected \"{}\" to be an array of {}", list, expected));
  };
  simdjson::dom::array entries;
  if (value.get(entries)) throw wrong();
  for (const element entry : entries) {
    std::string_view string;
    if (!take(entry, string)) throw wrong();
    strings.emplace_back(string);
  }
  return strings;
}

}  // namespace

std::string ObjectText(std::string_view json, std::string_view member) {
  simdjson::dom::parser parser;
  element value;
  if (parser.parse(json.data(), json.size())[member].get(value)) return "";
  if (!value.is_object()) {
    throw Error(ErrorKind::kConfiguration, fmt::format("expected \"{}\" to be an object", member));
  }
  return simdjson::minify(value);
}

std::string StringText(std::string_view json, std::string_view member) {
  simdjson::dom::parser parser;
  element value;
  if (parser.parse(json.data(), json.size())[member].get(value)) return "";
  std::string_view text;
  if (value.get(text)) {
    throw Error(ErrorKind::kConfiguration, fmt::format("expected \"{}\" to be a string", member));
  }
  return std::string(text);
}

std::vector<std::string> ListStrings(std::string_view json, std::string_view list,
                                     std::string_view member) {
  return List(
      json, list, fmt::format("objects with a string \"{}\"", member),
      [member](element entry, std::string_view& string) { return !entry[member].get(string); });
}

std::vector<std::string> ListStrings(std::string_view json, std::string_view list) {
  return List(json, list, "strings",
              [](element entry, std::string_view& string) { return !entry.get(string); });
}

}  // namespace rk
