#include "lib/onnx/element.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "lib/infer/backend.h"

namespace rk::onnx {
namespace {

constexpr std::array kElements = {
    Element{ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, "float", 4, Dtype::kF32, "f32", true},
    Element{ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE, "double", 8, Dtype::kF64, "f64", true},
    Element{ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, "float16", 2, Dtype::kF32, "f32", false},
    Element{ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16, "bfloat16", 2, Dtype::kF32, "f32", false},
    Element{ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, "int8", 1, Dtype::kI32, "i32", false},
    Element{ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16, "int16", 2, Dtype::kI32, "i32", false},
    Element{ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, "int32", 4, Dtype::kI32, "i32", true},
    Element{ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, "int64", 8, Dtype::kI64, "i64", true},
    Element{ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8, "uint8", 1, Dtype::kU8, "u8", true},
    Element{ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16, "uint16", 2, Dtype::kI32, "i32", false},
    Element{ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32, "uint32", 4, Dtype::kI64, "i64", false},
    Element{ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64, "uint64", 8, Dtype::kI64, "i64", false},
    Element{ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL, "bool", 1, Dtype::kBool, "bool", true},
};

// IEEE 754 binary16 and bfloat16 as their bits.
struct Half {
  uint16_t bits;
};
struct Bfloat {
  uint16_t bits;
};

float ToFloat(Half half) {
  const uint32_t sign = static_cast<uint32_t>(half.bits & 0x8000U) << 16;
  const int exponent = (half.bits >> 10) & 0x1F;
  const uint32_t fraction = half.bits & 0x3FFU;
  if (exponent == 0) {  // zero and subnormal numbers
    const float size = std::ldexp(static_cast<float>(fraction), -24);
    return sign == 0 ? size : -size;
  }
  const uint32_t wide = exponent == 0x1F ? 0xFFU : static_cast<uint32_t>(exponent - 15 + 127);
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

float ToFloat(Bfloat bfloat) {
  return std::bit_cast<float>(static_cast<uint32_t>(bfloat.bits) << 16);
}

// The fraction's last `bits` bits cut off, rounded to the nearest, ties to even; a carry goes into
// the exponent, as it should.
uint32_t RoundOff(uint32_t value, int bits) {
  const uint32_t half = uint32_t{1} << (bits - 1);
  const uint32_t odd = (value >> bits) & 1U;
  return (value + half - 1 + odd) >> bits;
}

void FromFloat(float value, Half& half) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000U);
  const uint32_t size = bits & 0x7FFFFFFFU;
  constexpr uint32_t kInfinity = 0x7F800000U;
  constexpr uint32_t kSmallestNormal = 113U << 23;  // 2^-14
  uint32_t narrow = 0;
  if (size > kInfinity) {
    narrow = 0x7E00U;
  } else if (size < kSmallestNormal) {
    narrow = static_cast<uint32_t>(std::nearbyint(std::ldexp(std::fabs(value), 24)));
  } else {
    narrow = std::min(RoundOff(size - (112U << 23), 13), 0x7C00U);
  }
  half.bits = static_cast<uint16_t>(sign | narrow);
}

void FromFloat(float value, Bfloat& bfloat) {
  const auto bits = std::bit_cast<uint32_t>(value);
  bfloat.bits = static_cast<uint16_t>(std::isnan(value) ? bits >> 16 | 0x40U : RoundOff(bits, 16));
}

[[noreturn]] void FailRange(const std::string& number, std::string_view type) {
  throw ModelFailure(fmt::format("{} is out of the range of {}", number, type),
                     ModelFailure::Kind::kRaised);
}

template <typename From, typename To>
void Convert(const char* from, size_t count, std::string_view to_name, std::vector<char>& to) {
  to.resize(count * sizeof(To));
  for (size_t i = 0; i < count; ++i) {
    From value;
    std::memcpy(&value, from + i * sizeof(From), sizeof(From));
    To result;
    if constexpr (std::is_integral_v<From>) {
      if (!std::in_range<To>(value)) FailRange(fmt::to_string(value), to_name);
      result = static_cast<To>(value);  // NOLINT(bugprone-signed-char-misuse): int8 is a number
    } else if constexpr (std::is_same_v<From, float>) {
      FromFloat(value, result);
      if (std::isfinite(value) && std::isinf(ToFloat(result)))
        FailRange(fmt::to_string(value), to_name);
    } else {
      result = ToFloat(value);
    }
    std::memcpy(to.data() + i * sizeof(To), &result, sizeof(To));
  }
}

// Calls `convert` with an object of each side's type: the narrow one's, and ours.
template <typename Function>
void WithTypes(ONNXTensorElementDataType type, const Function& convert) {
  switch (type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16:
      return convert(Half{}, float{});
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16:
      return convert(Bfloat{}, float{});
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8:
      return convert(int8_t{}, int32_t{});
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16:
      return convert(int16_t{}, int32_t{});
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16:
      return convert(uint16_t{}, int32_t{});
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32:
      return convert(uint32_t{}, int64_t{});
    default:
      return convert(uint64_t{}, int64_t{});
  }
}

}  // namespace

const Element* FindElement(ONNXTensorElementDataType type) {
  const auto found = std::find_if(kElements.begin(), kElements.end(),
                                  [type](const Element& one) { return one.type == type; });
  return found == kElements.end() ? nullptr : &*found;
}

std::string_view NameOf(ONNXTensorElementDataType type) {
  const Element* const element = FindElement(type);
  if (element != nullptr) return element->name;
  return type == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING ? "string" : "another type";
}

void Narrow(const Element& element, std::string_view from, std::vector<char>& to) {
  WithTypes(element.type, [&](auto narrow, auto wide) {
    Convert<decltype(wide), decltype(narrow)>(from.data(), from.size() / sizeof(wide), element.name,
                                              to);
  });
}

void Widen(const Element& element, const void* from, size_t count, std::vector<char>& to) {
  WithTypes(element.type, [&](auto narrow, auto wide) {
    Convert<decltype(narrow), decltype(wide)>(static_cast<const char*>(from), count, element.word,
                                              to);
  });
}

}  // namespace rk::onnx
