#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "lib/codec/json/value.h"

/// Inside lib/json only: how a record's text becomes an object.
namespace rk {

/// The whole text is checked. `json` must have Buffer::kPadding readable bytes past its end. What
/// is returned lives until the parser's next text. Throws Rejected: invalid-json, not-an-object.
simdjson::dom::object ParseObject(simdjson::dom::parser& parser, std::string_view json);

/// The value that `path` leads to; nothing where a key of it is not there, or what it leads through
/// is no object. Throws Rejected: duplicate-field.
std::optional<simdjson::dom::element> FindField(simdjson::dom::object members,
                                                const std::vector<std::string>& path);

}  // namespace rk
