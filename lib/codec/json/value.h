#pragma once

#include <string>
#include <string_view>

#include <simdjson.h>

#include "lib/codec/json/extract.h"

/// Inside lib/json only: the one step of extraction that looks at values.
namespace rk {

/// What leaves the walk through one record. A bad record costs a throw, a good one nothing.
struct Rejected {
  Rejection rejection;
};

/// "a number", "an array", …: for messages.
std::string_view KindOf(simdjson::dom::element value);

/// What a field wants, e.g. "an array of 16 numbers": for messages.
std::string Wanted(const Field& field);

/// Stores the string in `out`. Throws Rejected.
void StoreText(const Field& field, simdjson::dom::element value, std::string& out);

/// Stores the number or array at `out`, as `field` wants it. Throws Rejected.
void StoreValue(const Field& field, simdjson::dom::element value, char* out);

}  // namespace rk
