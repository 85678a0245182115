#include "lib/codec/json/tag.h"

#include <string>

#include <catch2/catch.hpp>

#include "lib/batch/buffer.h"

namespace rk {
namespace {

// What the line is with the number in it, or the code of the rejection.
std::string Put(const std::string& json, uint64_t number = 7) {
  Tag tag;
  Buffer buffer;
  buffer.Append(json);
  std::string out;
  const auto rejection = tag.Put(buffer.view(), number, out);
  return rejection ? std::string(rejection->code) : out;
}

// The number and what is left of the line, or the code of the rejection.
std::string Take(const std::string& json) {
  Tag tag;
  Buffer buffer;
  buffer.Append(json);
  uint64_t number = 0;
  std::string out;
  const auto rejection = tag.Take(buffer.view(), number, out);
  return rejection ? std::string(rejection->code) : std::to_string(number) + " " + out;
}

TEST_CASE("a tagged object is one line") {
  CHECK(Put("{}") == R"({"_rk":7})");
  CHECK(Put(R"({"a": 1})") == R"({"a": 1,"_rk":7})");
  CHECK(Put("{\n\"a\":\r\n1}\n") == R"({ "a":  1,"_rk":7} )");
}

TEST_CASE("what cannot be tagged is rejected and nothing is appended") {
  CHECK(Put("{") == "invalid-json");
  CHECK(Put("[]") == "not-an-object");
  CHECK(Put(R"({"_rk":1})") == "reserved-field");
}

TEST_CASE("a tag comes off wherever the program put it, and every other byte stays") {
  CHECK(Take(R"({"_rk":7})") == "7 {}");
  CHECK(Take(R"({"a": 1,"_rk":7})") == R"(7 {"a": 1})");
  CHECK(Take(R"( {"_rk": 7 , "a":[1, "}"]})") == R"(7  {"a":[1, "}"]})");
  CHECK(Take(R"({"a":",", "_rk":7, "b":2})") == R"(7 {"a":",", "b":2})");
  CHECK(Take(R"({"\u005frk":18446744073709551615,"a":{"_rk":1}})") ==
        R"(18446744073709551615 {"a":{"_rk":1}})");
}

TEST_CASE("what is no tag of ours is rejected") {
  CHECK(Take(R"({"a":1})") == "missing-field");
  CHECK(Take(R"({"_rk":1,"_rk":1})") == "duplicate-field");
  CHECK(Take(R"({"_rk":"1"})") == "wrong-type");
  CHECK(Take(R"({"_rk":-1})") == "wrong-type");
  CHECK(Take("debug") == "invalid-json");
}

}  // namespace
}  // namespace rk
