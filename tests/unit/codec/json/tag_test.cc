#include "lib/codec/json/tag.h"

#include <string>

#include <catch2/catch.hpp>

#include "lib/batch/buffer.h"

namespace rk {
namespace {

// What the line is with the number in it, or the code of the rejection.
std::string Put(const std::string& json, std::string_view number = "7") {
  Tag tag;
  Buffer buffer;
  buffer.Append(json);
  std::string out;
  const auto rejection = tag.Put(buffer.view(), number, out);
  return rejection ? std::string(rejection->code) : out;
}

// The number and what is left of the line, or the program's error, or the code of the rejection.
std::string Take(const std::string& json) {
  Tag tag;
  Buffer buffer;
  buffer.Append(json);
  TaggedAnswer answer;
  const auto rejection = tag.Take(buffer.view(), answer);
  if (rejection) return std::string(rejection->code);
  return std::to_string(answer.number) + " " + answer.error.value_or(answer.value);
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

TEST_CASE("a tag that says more has the number as its id") {
  CHECK(Put(R"({"a":1})", R"({"id":7,"key":"k"})") == R"({"a":1,"_rk":{"id":7,"key":"k"}})");
  CHECK(Take(R"({"a":1,"_rk":{"key":"k","id":7}})") == R"(7 {"a":1})");
  CHECK(Take(R"({"_rk":{"key":"k"}})") == "wrong-type");
  CHECK(Take(R"({"_rk":{"id":-7}})") == "wrong-type");
}

TEST_CASE("an error is told from a value, whatever stands beside it") {
  CHECK(Take(R"({"rk-error":"no \"age\"","a":1,"_rk":7})") == R"(7 no "age")");
  CHECK(Take(R"({"_rk":7,"a":{"rk-error":"x"}})") == R"(7 {"a":{"rk-error":"x"}})");
  CHECK(Take(R"({"_rk":7,"rk-error":null})") == "wrong-type");
  CHECK(Take(R"({"_rk":7,"rk-error":"a","rk-error":"b"})") == "duplicate-field");
}

}  // namespace
}  // namespace rk
