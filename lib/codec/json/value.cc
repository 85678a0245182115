#include "lib/codec/json/value.h"

#include <charconv>
#include <span>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/codec/json/document.h"
#include "lib/codec/number.h"

namespace rk {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;

using Shape = std::span<const int64_t>;

bool IsInteger(Dtype dtype) {
  return dtype == Dtype::kI32 || dtype == Dtype::kI64 || dtype == Dtype::kU8;
}

int64_t CountOf(Shape shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

[[noreturn]] void RejectType(const Field& field, element value, std::string_view where) {
  throw Rejected{{"wrong-type", fmt::format("field \"{}\": expected {}, got {}{}", field.path,
                                            Wanted(field), KindOf(value), where)}};
}

[[noreturn]] void RejectShape(const Field& field, Shape rest, array got) {
  const size_t depth = field.shape.size() - rest.size();
  throw Rejected{{"wrong-shape",
                  fmt::format("field \"{}\": expected {}, got {}{}", field.path, Wanted(field),
                              got.size(), depth == 0 ? "" : fmt::format(" at depth {}", depth))}};
}

[[noreturn]] void RejectNumber(const Field& field, element value) {
  // A fraction where an integer is wanted is the wrong kind of number, not one out of range.
  const bool fraction = IsInteger(field.dtype) && value.type() == element_type::DOUBLE;
  const auto large = LargeNumber(value);
  if (fraction || field.dtype == Dtype::kBool || (!value.is_number() && !large)) {
    const bool alone = field.shape.empty() && field.kind != Field::Kind::kList;
    RejectType(field, value, fraction ? " with a fraction" : alone ? "" : " in it");
  }
  throw Rejected{{"out-of-range", fmt::format("field \"{}\": {} does not fit {}", field.path,
                                              large ? std::string(*large) : simdjson::minify(value),
                                              NameOf(field.dtype))}};
}

// One that no 64-bit integer holds fits a double if it is below its largest.
bool StoreLarge(Dtype dtype, std::string_view number, char* out) {
  double parsed = 0;
  const auto end = number.data() + number.size();
  return !IsInteger(dtype) && dtype != Dtype::kBool &&
         std::from_chars(number.data(), end, parsed).ec == std::errc() &&
         StoreNumber(dtype, parsed, out);
}

bool StoreBoolean(const Field& field, bool value, char* out) {
  if (field.dtype != Dtype::kBool) {
    return field.booleans && StoreNumber(field.dtype, int64_t{value}, out);
  }
  *out = value ? 1 : 0;
  return true;
}

void StoreElement(const Field& field, element value, char* out) {
  bool stored = false;
  switch (value.type()) {
    case element_type::DOUBLE:
      stored = StoreNumber(field.dtype, double{value}, out);
      break;
    case element_type::INT64:
      stored = StoreNumber(field.dtype, int64_t{value}, out);
      break;
    case element_type::UINT64:
      stored = StoreNumber(field.dtype, uint64_t{value}, out);
      break;
    case element_type::BOOL:
      stored = StoreBoolean(field, bool{value}, out);
      break;
    case element_type::NULL_VALUE:
      stored = !field.fallback.empty();
      field.fallback.copy(out, field.fallback.size());
      break;
    case element_type::OBJECT:
      if (const auto large = LargeNumber(value)) stored = StoreLarge(field.dtype, *large, out);
      break;
    default:
      break;
  }
  if (!stored) RejectNumber(field, value);
}

// `values` are exactly `count` numbers; `rest` is what of the shape they stand for.
void StoreFlat(const Field& field, Shape rest, array values, char* out) {
  int64_t left = CountOf(rest);
  const size_t size = SizeOf(field.dtype);
  for (const element value : values) {
    if (left-- == 0) RejectShape(field, rest, values);
    StoreElement(field, value, out);
    out += size;
  }
  if (left != 0) RejectShape(field, rest, values);
}

void StoreNested(const Field& field, Shape rest, array values, char* out) {
  if (rest.size() == 1) return StoreFlat(field, rest, values, out);
  if (static_cast<int64_t>(values.size()) != rest[0]) RejectShape(field, rest, values);
  const size_t stride = static_cast<size_t>(CountOf(rest.subspan(1))) * SizeOf(field.dtype);
  for (const element value : values) {
    if (!value.is_array()) RejectType(field, value, " in it");
    StoreNested(field, rest.subspan(1), array{value}, out);
    out += stride;
  }
}

void StoreList(const Field& field, array values, std::string& out) {
  const size_t size = SizeOf(field.dtype);
  out.clear();
  for (const element value : values) {
    out.resize(out.size() + size);
    StoreElement(field, value, out.data() + out.size() - size);
  }
}

void StoreLength(const Field& field, uint64_t length, char* out) {
  if (StoreNumber(field.dtype, length, out)) return;
  throw Rejected{{"out-of-range", fmt::format("field \"{}\": its length, {}, does not fit {}",
                                              field.path, length, NameOf(field.dtype))}};
}

bool IsNested(array values) {
  const auto first = values.begin();
  return first != values.end() && (*first).is_array();
}

void StoreArray(const Field& field, array values, char* out) {
  if (field.shape.size() > 1 && IsNested(values)) {
    return StoreNested(field, field.shape, values, out);
  }
  StoreFlat(field, field.shape, values, out);
}

}  // namespace

std::string Wanted(const Field& field) {
  if (field.kind == Field::Kind::kText) return "a string";
  if (field.kind == Field::Kind::kLength) return "an array";
  const bool list = field.kind == Field::Kind::kList;
  const bool one = field.shape.empty() && !list;
  std::string number = one ? "a number" : "numbers";
  if (IsInteger(field.dtype)) number = one ? "an integer" : "integers";
  if (field.dtype == Dtype::kBool) number = one ? "true or false" : "booleans";
  if (field.booleans) number += one ? ", true or false" : " or booleans";
  if (one) return number;
  if (list) return "an array of " + number;
  std::string wanted = fmt::format("an array of {} {}", CountOf(field.shape), number);
  if (field.shape.size() > 1) {
    wanted += fmt::format(", flat or nested as [{}]", fmt::join(field.shape, ","));
  }
  return wanted;
}

std::string_view KindOf(element value) {
  switch (value.type()) {
    case element_type::ARRAY:
      return "an array";
    case element_type::OBJECT:
      if (LargeNumber(value)) return "a number";
      if (IsLoneSurrogate(value)) return "a string with half a pair of surrogates";
      return "an object";
    case element_type::STRING:
      return "a string";
    case element_type::BOOL:
      return "true or false";
    case element_type::NULL_VALUE:
      return "null";
    default:
      return "a number";
  }
}

void StoreValue(const Field& field, element value, const RowTarget& row) {
  using enum Field::Kind;
  if (field.kind == kText) {
    if (!value.is_string()) RejectType(field, value, "");
    *row.text = std::string_view{value};
    return;
  }
  char* const out = row.numbers + field.position;
  if (field.kind == kNumbers) {
    if (value.is_null() && !field.fallback.empty()) return StoreMissing(field, row);
    if (field.shape.empty()) return StoreElement(field, value, out);
  }
  if (!value.is_array()) RejectType(field, value, "");
  const array values{value};
  if (field.kind == kList) return StoreList(field, values, *row.text);
  if (field.kind == kLength) return StoreLength(field, values.size(), out);
  StoreArray(field, values, out);
}

void StoreMissing(const Field& field, const RowTarget& row) {
  if (field.fallback.empty()) {
    throw Rejected{{"missing-field", fmt::format("field \"{}\" is missing: expected {}", field.path,
                                                 Wanted(field))}};
  }
  char* out = row.numbers + field.position;
  for (int64_t left = CountOf(field.shape); left > 0; --left) {
    out += field.fallback.copy(out, field.fallback.size());
  }
}

}  // namespace rk
