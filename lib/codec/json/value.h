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

/// Stores the value in `row`, as `field` wants it. Throws Rejected.
void StoreValue(const Field& field, simdjson::dom::element value, const RowTarget& row);

/// The same for a field that is missing.
void StoreMissing(const Field& field, const RowTarget& row);

}  // namespace rk
