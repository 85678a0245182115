#include "lib/codec/number.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "lib/codec/json/tensor_text.h"

namespace rk {
namespace {

template <typename T>
std::string Json(Dtype dtype, const std::vector<T>& values, const std::vector<int64_t>& shape) {
  std::string out;
  REQUIRE(AppendTensor(dtype, shape, reinterpret_cast<const char*>(values.data()), out));
  return out;
}

TEST_CASE("one element is written bare, more as nested arrays") {
  CHECK(Json<float>(Dtype::kF32, {0.5F}, {}) == "0.5");
  CHECK(Json<float>(Dtype::kF32, {0.5F}, {1}) == "0.5");
  CHECK(Json<float>(Dtype::kF32, {0.5F}, {1, 1}) == "0.5");
  CHECK(Json<float>(Dtype::kF32, {1, 2}, {2}) == "[1,2]");
  CHECK(Json<int64_t>(Dtype::kI64, {1, 2, 3, 4, 5, 6}, {2, 3}) == "[[1,2,3],[4,5,6]]");
  CHECK(Json<int32_t>(Dtype::kI32, {}, {0}) == "[]");
  CHECK(Json<int32_t>(Dtype::kI32, {}, {2, 0}) == "[[],[]]");
}

TEST_CASE("every dtype is written as JSON has it") {
  CHECK(Json<char>(Dtype::kBool, {1, 0}, {2}) == "[true,false]");
  CHECK(Json<uint8_t>(Dtype::kU8, {255}, {}) == "255");
  CHECK(Json<int32_t>(Dtype::kI32, {-7}, {}) == "-7");
  CHECK(Json<int64_t>(Dtype::kI64, {std::numeric_limits<int64_t>::min()}, {}) ==
        "-9223372036854775808");
  CHECK(Json<double>(Dtype::kF64, {0.1}, {}) == "0.1");
  CHECK(Json<float>(Dtype::kF32, {0.1F}, {}) == "0.1");
  CHECK(Json<float>(Dtype::kF32, {1e10F}, {}) == "1e+10");
  CHECK(Json<float>(Dtype::kF32, {-0.0F}, {}) == "-0");
}

TEST_CASE("what is not finite is not written") {
  std::string out;
  for (const float bad : {std::nanf(""), HUGE_VALF, -HUGE_VALF}) {
    CHECK_FALSE(AppendTensor(Dtype::kF32, {}, reinterpret_cast<const char*>(&bad), out));
  }
  const double bad = HUGE_VAL;
  CHECK_FALSE(AppendTensor(Dtype::kF64, {}, reinterpret_cast<const char*>(&bad), out));
}

// How many digits a number's text has, but for the zeros that only say where its point is.
size_t DigitsOf(const std::string& text) {
  std::string digits;
  for (const char c : text.substr(0, text.find('e'))) {
    if (c >= '0' && c <= '9' && !(digits.empty() && c == '0')) digits += c;
  }
  return digits.find_last_not_of('0') + 1;
}

TEST_CASE(
    "a float is written in the fewest digits that read back to the same float, also by way of a "
    "double") {
  std::mt19937 random(1);
  for (int i = 0; i < 200000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (!std::isfinite(value)) continue;
    const std::string text = Json<float>(Dtype::kF32, {value}, {});
    CAPTURE(text);
    REQUIRE(static_cast<float>(std::strtod(text.c_str(), nullptr)) == value);
    REQUIRE(text.size() <= 15);
    const size_t digits = DigitsOf(text);
    // A whole number without an exponent has all its digits, and is no shorter without the last.
    if (digits < 2 || text.find_first_of(".e") == std::string::npos) continue;
    const std::string shorter = fmt::format("{:.{}e}", value, digits - 2);
    REQUIRE(std::strtof(shorter.c_str(), nullptr) != value);
  }
}

TEST_CASE("a number in a spec becomes one element of its dtype, or nothing") {
  float value = 0;
  const std::string encoded = EncodeNumber(Dtype::kF32, "-1.5");
  REQUIRE(encoded.size() == sizeof(value));
  encoded.copy(reinterpret_cast<char*>(&value), sizeof(value));
  CHECK(value == -1.5F);
  CHECK(EncodeNumber(Dtype::kI64, "12") == std::string("\x0c\0\0\0\0\0\0\0", 8));
  CHECK(EncodeNumber(Dtype::kBool, "true") == std::string(1, '\1'));
  CHECK(EncodeNumber(Dtype::kU8, "256").empty());
  CHECK(EncodeNumber(Dtype::kI64, "1.5").empty());
  CHECK(EncodeNumber(Dtype::kF32, "1e39").empty());
  CHECK(EncodeNumber(Dtype::kF32, "inf").empty());
  CHECK(EncodeNumber(Dtype::kF32, "nan").empty());
  CHECK(EncodeNumber(Dtype::kF32, "1x").empty());
  CHECK(EncodeNumber(Dtype::kF32, "").empty());
  CHECK(EncodeNumber(Dtype::kBool, "1").empty());
}

}  // namespace
}  // namespace rk
