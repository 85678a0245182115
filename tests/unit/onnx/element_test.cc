#include "lib/onnx/element.h"

#include <cstring>
#include <limits>

#include <catch2/catch.hpp>

#include "lib/infer/backend.h"

namespace rk::onnx {
namespace {

const Element& Of(ONNXTensorElementDataType type) {
  const Element* const element = FindElement(type);
  REQUIRE(element != nullptr);
  return *element;
}

template <typename Narrow, typename Wide>
Narrow Narrowed(ONNXTensorElementDataType type, Wide wide) {
  std::vector<char> bytes;
  rk::onnx::Narrow(Of(type), {reinterpret_cast<const char*>(&wide), sizeof(wide)}, bytes);
  REQUIRE(bytes.size() == sizeof(Narrow));
  Narrow narrow;
  std::memcpy(&narrow, bytes.data(), sizeof(narrow));
  return narrow;
}

template <typename Wide, typename Narrow>
Wide Widened(ONNXTensorElementDataType type, Narrow narrow) {
  std::vector<char> bytes;
  Widen(Of(type), &narrow, 1, bytes);
  REQUIRE(bytes.size() == sizeof(Wide));
  Wide wide;
  std::memcpy(&wide, bytes.data(), sizeof(wide));
  return wide;
}

uint16_t Half(float value) {
  return Narrowed<uint16_t>(ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, value);
}

uint16_t Bfloat(float value) {
  return Narrowed<uint16_t>(ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16, value);
}

TEST_CASE("a float becomes the nearest half, of two equally near the even one") {
  CHECK(Half(0) == 0);
  CHECK(Half(-0.0F) == 0x8000);
  CHECK(Half(1) == 0x3C00);
  CHECK(Half(-2) == 0xC000);
  CHECK(Half(65504) == 0x7BFF);
  CHECK(Half(1.0F + 1.0F / 2048) == 0x3C00);  // a tie
  CHECK(Half(1.0F + 3.0F / 2048) == 0x3C02);  // a tie
  CHECK(Half(2.0F - 1.0F / 4096) == 0x4000);  // carries into the exponent
  CHECK(Half(0x1p-24F) == 1);                 // the smallest there is
  CHECK(Half(0x1p-26F) == 0);
  CHECK(Half(0x1.ff8p-15F) == 0x03FF);  // the largest subnormal one
  CHECK(Half(std::numeric_limits<float>::infinity()) == 0x7C00);
  CHECK((Half(std::numeric_limits<float>::quiet_NaN()) & 0x7FFF) > 0x7C00);
}

TEST_CASE("every half comes back as it was") {
  for (uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    if ((bits & 0x7FFF) > 0x7C00) continue;  // not a number
    const auto half = static_cast<uint16_t>(bits);
    const auto wide = Widened<float>(ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, half);
    if (Half(wide) != half) FAIL("half " << bits << " is " << wide);
  }
}

TEST_CASE("a float becomes the nearest bfloat16, of two equally near the even one") {
  CHECK(Bfloat(1) == 0x3F80);
  CHECK(Bfloat(1.0F + 1.0F / 256) == 0x3F80);  // a tie
  CHECK(Bfloat(1.0F + 3.0F / 256) == 0x3F82);  // a tie
  CHECK((Bfloat(std::numeric_limits<float>::quiet_NaN()) & 0x7FFF) > 0x7F80);
  CHECK(Widened<float>(ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16, uint16_t{0xC040}) == -3);
}

TEST_CASE("a number that the model's type cannot hold is the record's failure") {
  CHECK(Narrowed<int8_t>(ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, int32_t{-128}) == -128);
  CHECK_THROWS_WITH(Narrowed<int8_t>(ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, int32_t{128}),
                    "128 is out of the range of int8");
  CHECK_THROWS_WITH(Narrowed<uint16_t>(ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16, int32_t{-1}),
                    "-1 is out of the range of uint16");
  CHECK_THROWS_AS(Narrowed<uint64_t>(ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64, int64_t{-1}),
                  ModelFailure);
  CHECK_THROWS_WITH(Half(65520), "65520 is out of the range of float16");
}

TEST_CASE("what a model gives in a narrow type comes out in the next wider") {
  CHECK(Widened<int32_t>(ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, int8_t{-5}) == -5);
  CHECK(Widened<int64_t>(ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32, uint32_t{4000000000}) == 4000000000);
  CHECK_THROWS_WITH(
      Widened<int64_t>(ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64, uint64_t{9223372036854775808U}),
      "9223372036854775808 is out of the range of i64");
}

}  // namespace
}  // namespace rk::onnx
