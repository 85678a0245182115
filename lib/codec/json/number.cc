#include "lib/codec/json/number.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

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

template <typename T>
bool AppendElement(const char* data, std::string& out) {
  T element;
  std::memcpy(&element, data, sizeof(element));
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(element)) return false;
  }
  char text[32];
  const auto written = std::to_chars(text, text + sizeof(text), element);
  out.append(text, written.ptr);
  return true;
}

bool AppendElement(Dtype dtype, const char* data, std::string& out) {
  switch (dtype) {
    case Dtype::kF32:
      return AppendElement<float>(data, out);
    case Dtype::kF64:
      return AppendElement<double>(data, out);
    case Dtype::kI32:
      return AppendElement<int32_t>(data, out);
    case Dtype::kI64:
      return AppendElement<int64_t>(data, out);
    case Dtype::kU8:
      return AppendElement<uint8_t>(data, out);
    case Dtype::kBool:
      out += *data != 0 ? "true" : "false";
      return true;
  }
  return false;
}

size_t CountOf(std::span<const int64_t> shape) {
  size_t count = 1;
  for (const int64_t size : shape) count *= static_cast<size_t>(size);
  return count;
}

bool AppendNested(Dtype dtype, std::span<const int64_t> shape, const char* data, std::string& out) {
  if (shape.empty()) return AppendElement(dtype, data, out);
  const size_t stride = CountOf(shape.subspan(1)) * SizeOf(dtype);
  out += '[';
  for (int64_t i = 0; i < shape[0]; ++i, data += stride) {
    if (i > 0) out += ',';
    if (!AppendNested(dtype, shape.subspan(1), data, out)) return false;
  }
  out += ']';
  return true;
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

bool AppendTensor(Dtype dtype, std::span<const int64_t> shape, const char* data, std::string& out) {
  const bool scalar = CountOf(shape) == 1;
  return AppendNested(dtype, scalar ? shape.first(0) : shape, data, out);
}

}  // namespace rk
