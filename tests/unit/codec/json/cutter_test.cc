#include "lib/codec/json/cutter.h"

#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/batch/buffer.h"
#include "lib/codec/json/splice.h"
#include "tests/unit/codec/json/record_reader.h"

namespace rk {
namespace {

// What is left of `json` without the fields at `paths`, with a member p in it.
std::string Without(const std::vector<std::string>& paths, const std::string& json) {
  RecordReader reader({}, {"p"}, paths);
  REQUIRE_FALSE(reader.Read(json));
  const Member p{"\"p\"", "1"};
  std::string out;
  Merge(json, reader.present(), {&p, 1}, out);
  return out;
}

TEST_CASE("a dropped field goes with its comma and the space before it, and no other byte") {
  CHECK(Without({"a"}, R"({ "a" : 1 , "b":2 })") == R"({ "b":2,"p":1 })");
  CHECK(Without({"b"}, R"({ "a" : 1.50 , "b":[2,{"x":"}"}] })") == R"({ "a" : 1.50 ,"p":1 })");
  CHECK(Without({"b"}, R"({"a":1,"b":2,"c":3})") == R"({"a":1,"c":3,"p":1})");
  CHECK(Without({"a"}, R"({ "a":1 })") == R"({"p":1 })");
  CHECK(Without({"z"}, R"({"a":1})") == R"({"a":1,"p":1})");
  CHECK(Without({"z"}, "{}") == R"({"p":1})");
  CHECK(Without({R"(a\.b)", "\\\\"}, R"({"\\":0,"a.b":1,"a":{"b":2}})") ==
        R"({"a":{"b":2},"p":1})");
}

TEST_CASE("several dropped fields side by side take all their commas with them") {
  const std::vector<std::string> both{"a", "b"};
  CHECK(Without(both, R"({"a":1,"b":2})") == R"({"p":1})");
  CHECK(Without(both, R"({"a":1,"b":2,"c":3})") == R"({"c":3,"p":1})");
  CHECK(Without(both, R"({"c":3,"a":1,"b":2})") == R"({"c":3,"p":1})");
  CHECK(Without(both, R"({"a":1,"c":3,"b":2})") == R"({"c":3,"p":1})");
  CHECK(Without(both, R"({"c":3,"a":1,"d":4,"b":2,"e":5})") == R"({"c":3,"d":4,"e":5,"p":1})");
}

TEST_CASE("a path leads into objects, and what it does not lead to stays") {
  CHECK(Without({"u.mail"}, R"({"u":{"id":1,"mail":"x"},"b":2})") ==
        R"({"u":{"id":1},"b":2,"p":1})");
  CHECK(Without({"u.mail"}, R"({"u":{"mail":"x"}})") == R"({"u":{},"p":1})");
  CHECK(Without({"u.mail"}, R"({"u":5,"mail":1})") == R"({"u":5,"mail":1,"p":1})");
  CHECK(Without({"u.mail"}, R"({"u":[{"mail":1}]})") == R"({"u":[{"mail":1}],"p":1})");
  CHECK(Without({"u.a.b", "u.c", "d"}, R"({"d":0,"u":{"c":1,"a":{"b":2,"x":3}}})") ==
        R"({"u":{"a":{"x":3}},"p":1})");
  CHECK(Without({"u", "u.mail"}, R"({"u":{"mail":"x"},"b":2})") == R"({"b":2,"p":1})");
}

TEST_CASE("an output that is there already is replaced among what is dropped") {
  CHECK(Without({"a", "c"}, R"({"a":1,"p":"old","c":3})") == R"({"p":1})");
  CHECK(Without({"p.x"}, R"({"p":{"x":1},"b":2})") == R"({"p":1,"b":2})");
}

TEST_CASE("a key in another spelling, or there twice, is dropped too") {
  CHECK(Without({"mail"}, R"({"ma\u0069l":"x","a":1,"mail":"y"})") == R"({"a":1,"p":1})");
}

TEST_CASE("what JSON parsers refuse and JSON allows stays as it was beside what is dropped") {
  CHECK(Without({"a", "u.b"}, R"({"x":1e400,"a":1,"u":{"y":"\ud83d","b":36893488147419103232}})") ==
        R"({"x":1e400,"u":{"y":"\ud83d"},"p":1})");
}

TEST_CASE("a path to drop that is none is refused") { CHECK_THROWS_AS(Cutter({"a..b"}), Error); }

// Whatever is dropped of an object, the rest is as if it had been written without.
TEST_CASE("objects of any members are what they would be without those that are dropped") {
  std::mt19937 random(7);
  const std::vector<std::string> values{"1",   "\"},{\\\"\"", "{}", R"({"a" : [1,2]})",
                                        "[ ]", "null"};
  for (int round = 0; round < 3000; ++round) {
    std::string json = "{";
    std::string expected = "{";
    const size_t count = random() % 6;
    for (size_t i = 0; i < count; ++i) {
      const std::string value = values[random() % values.size()];
      const bool dropped = random() % 2 == 0;
      const std::string member =
          (dropped ? "\"d" + std::to_string(random() % 3) : "\"k" + std::to_string(i)) +
          "\":" + value;
      json += (i > 0 ? "," : "") + member;
      if (!dropped) expected += (expected.size() > 1 ? "," : "") + member;
    }
    CAPTURE(json);
    const std::string p = expected.size() > 1 ? ",\"p\":1}" : "\"p\":1}";
    REQUIRE(Without({"d0", "d1", "d2"}, json + "}") == expected + p);
  }
}

}  // namespace
}  // namespace rk
