#include "lib/json/list.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "lib/batch/error.h"

namespace rk {

std::vector<std::string> ListStrings(std::string_view json, std::string_view list,
                                     std::string_view member) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (const auto error = parser.parse(json.data(), json.size()).get(object)) {
    throw Error(ErrorKind::kConfiguration,
                fmt::format("expected a JSON object: {}", simdjson::error_message(error)));
  }
  std::vector<std::string> strings;
  simdjson::dom::element value;
  if (object[list].get(value)) return strings;
  const auto expected = [&] {
    return Error(ErrorKind::kConfiguration,
                 fmt::format("expected \"{}\" to be an array of objects with a string \"{}\"", list,
                             member));
  };
  simdjson::dom::array entries;
  if (value.get(entries)) throw expected();
  for (const simdjson::dom::element entry : entries) {
    std::string_view string;
    if (entry[member].get(string)) throw expected();
    strings.emplace_back(string);
  }
  return strings;
}

}  // namespace rk
