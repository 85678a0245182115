#include "lib/codec/json/compare.h"

#include <catch2/catch.hpp>

namespace rk {
namespace {

std::string Difference(std::string_view expected, std::string_view got, Likeness likeness = {}) {
  return CompareJson(expected, got, likeness).value_or("");
}

TEST_CASE("texts of the same JSON do not differ, however they are written") {
  CHECK(Difference(R"({"a": 1, "b": [true, null]})", R"({"b":[true,null],"a":1})").empty());
  CHECK(Difference("1", "1.0").empty());
  CHECK(Difference("no JSON", "no JSON").empty());
}

TEST_CASE("a difference is named by its place") {
  CHECK(Difference(R"({"a":{"b":[1,2]}})", R"({"a":{"b":[1,3]}})") == "a.b[1]: expected 2, got 3");
  CHECK(Difference(R"({"a":1})", "{}") == "a: is missing");
  CHECK(Difference("{}", R"({"a":1})") == "a: not expected, got 1");
  CHECK(Difference("[1]", "[1,2]") == "expected 1 entries, got 2");
  CHECK(Difference(R"({"a":"1"})", R"({"a":1})") == "a: expected \"1\", got 1");
  CHECK(Difference(R"({"a":null})", R"({"a":{}})") == "a: expected null, got {}");
  CHECK(Difference("{}", "{") == "it is not JSON");
  CHECK(Difference("no JSON", "none either") == "the bytes differ");
}

TEST_CASE("of fields only those that are expected count, at every depth") {
  const Likeness fields{false, 0};
  CHECK(Difference(R"({"a":{"b":1}})", R"({"a":{"b":1,"c":2},"d":3})", fields).empty());
  CHECK(Difference(R"({"a":{"b":1}})", R"({"a":{"c":1}})", fields) == "a.b: is missing");
}

TEST_CASE("numbers may be as far apart as the tolerance, relative to large ones") {
  const Likeness near{true, 0.01};
  CHECK(Difference("0.5", "0.509", near).empty());
  CHECK(Difference("0.5", "0.52", near) == "expected 0.5, got 0.52");
  CHECK(Difference("1000", "1009", near).empty());
  CHECK(Difference("1000", "1011", near) == "expected 1000, got 1011");
  CHECK(Difference("-1000", "1000", near) == "expected -1000, got 1000");
}

TEST_CASE("whole numbers that no double tells apart differ without a tolerance") {
  CHECK(Difference("9007199254740993", "9007199254740992") ==
        "expected 9007199254740993, got 9007199254740992");
}

}  // namespace
}  // namespace rk
