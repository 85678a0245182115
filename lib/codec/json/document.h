#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "lib/codec/json/value.h"

/// Inside lib/json only: how a record's text becomes an object.
namespace rk {

/// The whole text is checked. A value that is valid JSON and that simdjson does not take has a
/// stand-in, so that only those mind who read that field. `json` must have Buffer::kPadding
/// readable bytes past its end. What is returned lives until the parser's next text. Throws
/// Rejected: invalid-json, not-an-object.
simdjson::dom::object ParseObject(simdjson::dom::parser& parser, std::string_view json);

/// The text of a number that neither 64-bit integers nor doubles hold, or that is over the former
/// without a fraction; nothing for any other value.
std::optional<std::string_view> LargeNumber(simdjson::dom::element value);

/// A string that is no text: half a pair of surrogates stands alone in it.
bool IsLoneSurrogate(simdjson::dom::element value);

/// The value that `path` leads to; nothing where a key of it is not there, or what it leads through
/// is no object. Throws Rejected: duplicate-field.
std::optional<simdjson::dom::element> FindField(simdjson::dom::object members,
                                                const std::vector<std::string>& path);

}  // namespace rk
