#include "lib/codec/json/tensor_text.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace rk {
namespace {

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

bool AppendTensor(Dtype dtype, std::span<const int64_t> shape, const char* data, std::string& out) {
  const bool scalar = CountOf(shape) == 1;
  return AppendNested(dtype, scalar ? shape.first(0) : shape, data, out);
}

}  // namespace rk
