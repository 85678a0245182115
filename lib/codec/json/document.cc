#include "lib/codec/json/document.h"

#include <fmt/format.h>

#include "lib/codec/json/tolerate.h"

namespace rk {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

std::string Explain(simdjson::error_code error, std::string_view json,
                    const std::optional<Tolerated>& walked) {
  if (!walked || error == simdjson::DEPTH_ERROR) {
    return fmt::format("not valid JSON: nested deeper than {}", simdjson::DEFAULT_MAX_DEPTH);
  }
  if (walked->bad_at) return "not valid JSON: " + DescribeBadByte(json, *walked->bad_at);
  if (error == simdjson::UTF8_ERROR) return "not valid JSON: it is not UTF-8";
  return fmt::format("not valid JSON: {}", simdjson::error_message(error));
}

// What simdjson refused: as it is with stand-ins, if it is valid all the same.
element ParseTolerated(simdjson::dom::parser& parser, std::string_view json,
                       simdjson::error_code error) {
  const std::optional<Tolerated> walked = Tolerate(json);
  element document;
  if (walked && !walked->bad_at && walked->changed) {
    error = parser.parse(walked->text).get(document);
    if (!error) return document;
  }
  throw Rejected{{"invalid-json", Explain(error, json, walked)}};
}

// The one key of a stand-in.
std::string_view StandInKey(element value) {
  if (!value.is_object()) return "";
  const object members{value};
  const auto first = members.begin();
  return first == members.end() ? "" : first.key();
}

}  // namespace

object ParseObject(simdjson::dom::parser& parser, std::string_view json) {
  element document;
  const auto error = parser.parse(json.data(), json.size(), false).get(document);
  if (error) document = ParseTolerated(parser, json, error);
  if (!document.is_object() || KindOf(document) != "an object") {
    throw Rejected{
        {"not-an-object", fmt::format("expected a JSON object, got {}", KindOf(document))}};
  }
  return object{document};
}

std::optional<std::string_view> LargeNumber(element value) {
  if (StandInKey(value) != kLargeNumberKey) return std::nullopt;
  return std::string_view{(*object{value}.begin()).value};
}

bool IsLoneSurrogate(element value) { return StandInKey(value) == kLoneSurrogateKey; }

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
