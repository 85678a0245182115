#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/codec/number.h"
#include "tests/unit/codec/json/record_reader.h"

namespace rk {
namespace {

Field WithFallback(Field field, std::string fallback) {
  field.fallback = std::move(fallback);
  return field;
}

Field OfKind(Field::Kind kind, Dtype dtype, const std::string& path = "a") {
  Field field = Number(path, dtype);
  field.kind = kind;
  return field;
}

Field WithBooleans(Field field) {
  field.booleans = true;
  return field;
}

TEST_CASE("what stands for a missing number stands for null too") {
  RecordReader reader(
      {Number("age"), WithFallback(Number("debt"), EncodeNumber(Dtype::kF32, "-2"))});
  for (const char* json :
       {R"({"age":3})", R"({"age":3,"debt":null})", R"({"debt":null,"age":3})"}) {
    CAPTURE(json);
    CHECK(reader.Code(json) == "");
    CHECK(reader.Value<float>(0) == 3);
    CHECK(reader.Value<float>(8) == -2);
  }
  CHECK(reader.Code(R"({"age":3,"debt":5})") == "");
  CHECK(reader.Value<float>(8) == 5);
  CHECK(reader.Read(R"({"age":null,"debt":5})")->message ==
        "field \"age\": expected a number, got null");
  CHECK(reader.Read(R"({"age":3,"debt":"1"})")->message ==
        "field \"debt\": expected a number, got a string");
}

TEST_CASE("NaN stands for what is missing or null, in an array for each element") {
  const std::string nan = NanElement(Dtype::kF64);
  RecordReader reader({WithFallback(Number("a", Dtype::kF64), nan),
                       WithFallback(Array("v", {3}, Dtype::kF64), nan),
                       WithFallback(Array("m", {2, 1}, Dtype::kF64), nan)});
  REQUIRE(reader.Code("{}") == "");
  for (size_t i = 0; i < 6; ++i) CHECK(std::isnan(reader.Value<double>(8 * i)));
  REQUIRE(reader.Code(R"({"a":1,"v":[2,null,4],"m":[[null],[5]]})") == "");
  CHECK(reader.Value<double>(0) == 1);
  CHECK(reader.Value<double>(8) == 2);
  CHECK(std::isnan(reader.Value<double>(16)));
  CHECK(reader.Value<double>(24) == 4);
  CHECK(std::isnan(reader.Value<double>(32)));
  CHECK(reader.Value<double>(40) == 5);
  REQUIRE(reader.Code(R"({"a":null,"v":null,"m":[1,2]})") == "");
  for (size_t i = 0; i < 4; ++i) CHECK(std::isnan(reader.Value<double>(8 * i)));
  CHECK(reader.Code(R"({"v":[1,null]})") == "wrong-shape");
  CHECK(RecordReader({Array("v", {2})}).Code(R"({"v":[1,null]})") == "wrong-type");
}

TEST_CASE("only floating-point dtypes have an element that is not a number") {
  CHECK(NanElement(Dtype::kF32).size() == 4);
  CHECK(NanElement(Dtype::kF64).size() == 8);
  for (const Dtype dtype : {Dtype::kI32, Dtype::kI64, Dtype::kU8, Dtype::kBool}) {
    CHECK(NanElement(dtype).empty());
  }
}

TEST_CASE("true and false are numbers only where a field takes them") {
  RecordReader reader({WithBooleans(Number("a")), WithBooleans(Array("v", {3}))});
  REQUIRE(reader.Code(R"({"a":true,"v":[false,2.5,true]})") == "");
  CHECK(reader.Value<float>(0) == 1);
  CHECK(reader.Values<float>(3, 8) == std::vector<float>{0, 2.5F, 1});
  CHECK(reader.Read(R"({"a":"yes","v":[1,2,3]})")->message ==
        "field \"a\": expected a number, true or false, got a string");
  CHECK(reader.Read(R"({"a":1,"v":[1,2]})")->message ==
        "field \"v\": expected an array of 3 numbers or booleans, got 2");
  CHECK(RecordReader({Number("a")}).Read(R"({"a":true})")->message ==
        "field \"a\": expected a number, got true or false");
}

TEST_CASE("a list has as many elements as the record's array, and its length is a number") {
  Field length = OfKind(Field::Kind::kLength, Dtype::kI32);
  RecordReader reader({OfKind(Field::Kind::kList, Dtype::kI64), length});
  const auto list = [&] {
    std::vector<int64_t> elements(reader.text().size() / sizeof(int64_t));
    if (!elements.empty()) std::memcpy(elements.data(), reader.text().data(), reader.text().size());
    return elements;
  };
  REQUIRE(reader.Code(R"({"a":[7,-1,9]})") == "");
  CHECK(list() == std::vector<int64_t>{7, -1, 9});
  CHECK(reader.Value<int32_t>(8) == 3);
  REQUIRE(reader.Code(R"({"a":[]})") == "");
  CHECK(list().empty());
  CHECK(reader.Value<int32_t>(8) == 0);
  CHECK(reader.Read(R"({"a":[1,2.5]})")->message ==
        "field \"a\": expected an array of integers, got a number with a fraction");
  CHECK(reader.Read(R"({"a":[1,[2]]})")->code == "wrong-type");
  CHECK(reader.Read(R"({"a":[1,null]})")->code == "wrong-type");
  CHECK(reader.Read(R"({"a":5})")->message ==
        "field \"a\": expected an array of integers, got a number");
  CHECK(reader.Read("{}")->message == "field \"a\" is missing: expected an array of integers");
}

TEST_CASE("a length that its dtype cannot hold fails the record") {
  RecordReader reader({OfKind(Field::Kind::kLength, Dtype::kU8)});
  std::string json = R"({"a":[0)";
  for (int i = 0; i < 255; ++i) json += ",0";
  CHECK(reader.Read(json + "]}")->message == "field \"a\": its length, 256, does not fit u8");
  CHECK(reader.Code(R"({"a":[[1],"x",null]})") == "");
  CHECK(reader.Value<uint8_t>(0) == 3);
  CHECK(reader.Read(R"({"a":"abc"})")->message == "field \"a\": expected an array, got a string");
}

}  // namespace
}  // namespace rk
