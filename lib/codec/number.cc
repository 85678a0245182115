#include "lib/codec/number.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

namespace rk {
namespace {

static_assert(std::numeric_limits<float>::is_iec559);

template <typename To, typename From>
bool Fits(From number) {
  if constexpr (std::is_floating_point_v<To>) {
    return std::isfinite(static_cast<To>(number));
  } else if constexpr (std::is_same_v<To, bool> || std::is_floating_point_v<From>) {
    return false;
  } else {
    return std::in_range<To>(number);
  }
}

template <typename To, typename From>
bool Store(From number, char* out) {
  if (!Fits<To>(number)) return false;
  const To element = static_cast<To>(number);
  std::memcpy(out, &element, sizeof(element));
  return true;
}

template <typename From>
bool StoreAs(Dtype dtype, From number, char* out) {
  switch (dtype) {
    case Dtype::kF32:
      return Store<float>(number, out);
    case Dtype::kF64:
      return Store<double>(number, out);
    case Dtype::kI32:
      return Store<int32_t>(number, out);
    case Dtype::kI64:
      return Store<int64_t>(number, out);
    case Dtype::kU8:
      return Store<uint8_t>(number, out);
    case Dtype::kBool:
      return Store<bool>(number, out);
  }
  return false;
}

template <typename Number>
bool ParseAndStore(Dtype dtype, std::string_view text, char* out) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end && StoreNumber(dtype, number, out);
}

}  // namespace

std::string_view NameOf(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF32:
      return "f32";
    case Dtype::kF64:
      return "f64";
    case Dtype::kI32:
      return "i32";
    case Dtype::kI64:
      return "i64";
    case Dtype::kU8:
      return "u8";
    case Dtype::kBool:
      return "bool";
  }
  return "";
}

bool StoreNumber(Dtype dtype, double number, char* out) { return StoreAs(dtype, number, out); }
bool StoreNumber(Dtype dtype, int64_t number, char* out) { return StoreAs(dtype, number, out); }
bool StoreNumber(Dtype dtype, uint64_t number, char* out) { return StoreAs(dtype, number, out); }

std::string NanElement(Dtype dtype) {
  const auto bytes_of = [](auto nan) {
    std::string element(sizeof(nan), '\0');
    std::memcpy(element.data(), &nan, sizeof(nan));
    return element;
  };
  if (dtype == Dtype::kF32) return bytes_of(std::numeric_limits<float>::quiet_NaN());
  if (dtype == Dtype::kF64) return bytes_of(std::numeric_limits<double>::quiet_NaN());
  return "";
}

std::string EncodeNumber(Dtype dtype, std::string_view text) {
  std::string element(SizeOf(dtype), '\0');
  bool stored = false;
  if (dtype == Dtype::kBool) {
    element[0] = text == "true" ? 1 : 0;
    stored = text == "true" || text == "false";
  } else {
    stored = ParseAndStore<int64_t>(dtype, text, element.data()) ||
             ParseAndStore<double>(dtype, text, element.data());
  }
  return stored ? element : "";
}

}  // namespace rk
