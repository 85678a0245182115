#include "lib/codec/json/document.h"

#include <fmt/format.h>

namespace rk {
namespace {

std::string Explain(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return "not valid JSON: it is not UTF-8";
    case simdjson::DEPTH_ERROR:
      return fmt::format("not valid JSON: nested deeper than {}", simdjson::DEFAULT_MAX_DEPTH);
    case simdjson::NUMBER_ERROR:
      return "not valid JSON: a number is malformed, or fits neither a 64-bit integer nor a double";
    default:
      return fmt::format("not valid JSON: {}", simdjson::error_message(error));
  }
}

}  // namespace

simdjson::dom::object ParseObject(simdjson::dom::parser& parser, std::string_view json) {
  simdjson::dom::element document;
  const auto error = parser.parse(json.data(), json.size(), false).get(document);
  if (error) throw Rejected{{"invalid-json", Explain(error)}};
  if (!document.is_object()) {
    throw Rejected{
        {"not-an-object", fmt::format("expected a JSON object, got {}", KindOf(document))}};
  }
  return simdjson::dom::object{document};
}

std::optional<simdjson::dom::element> FindField(simdjson::dom::object members,
                                                const std::vector<std::string>& path) {
  for (size_t depth = 0;; ++depth) {
    std::optional<simdjson::dom::element> found;
    for (const auto& [key, value] : members) {
      if (key != path[depth]) continue;
      if (found) {
        throw Rejected{
            {"duplicate-field", fmt::format("field \"{}\" occurs more than once", path[depth])}};
      }
      found = value;
    }
    if (!found || depth + 1 == path.size()) return found;
    if (!found->is_object()) return std::nullopt;
    members = simdjson::dom::object{*found};
  }
}

}  // namespace rk
