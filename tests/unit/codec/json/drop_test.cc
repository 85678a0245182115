#include "lib/codec/json/drop.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/batch/buffer.h"

namespace rk {
namespace {

std::string Drop(const std::vector<std::string>& paths, std::string_view json) {
  FieldDropper dropper(paths);
  Buffer buffer;
  buffer.Append(json);
  std::string out = "=";
  const auto rejection = dropper.Drop(buffer.view(), out);
  return rejection ? out + std::string(rejection->code) : out;
}

TEST_CASE("a field goes with its comma, and the other members stay as they are written") {
  CHECK(Drop({"a"}, R"({"a":1})") == "={}");
  CHECK(Drop({"a"}, R"( { "a" : 1 , "b":[1,{"a":2}] } )") == R"(= { "b":[1,{"a":2}] } )");
  CHECK(Drop({"b"}, R"({"a":1, "b":"}," , "c":1e400})") == R"(={"a":1, "c":1e400})");
  CHECK(Drop({"c"}, R"({"a":1, "b":2, "c":{}})") == R"(={"a":1, "b":2})");
  CHECK(Drop({"a", "c"}, R"({"a":1,"b":2,"c":3})") == R"(={"b":2})");
  CHECK(Drop({"z"}, R"({"a":1})") == R"(={"a":1})");
  CHECK(Drop({"a"}, " {} ") == "= {} ");
}

TEST_CASE("a path leads into nested objects") {
  CHECK(Drop({"user.name", "user.id"}, R"({"user":{"id":7, "age":1,"name":"x"},"name":"y"})") ==
        R"(={"user":{ "age":1},"name":"y"})");
  CHECK(Drop({"a.b"}, R"({"a": {"b":1} ,"c":2})") == R"(={"a": {} ,"c":2})");
  CHECK(Drop({"a.b", "a"}, R"({"a":{"b":1},"c":2})") == R"(={"c":2})");
  CHECK(Drop({"a.b"}, R"({"a":[{"b":1}],"a.b":3})") == R"(={"a":[{"b":1}],"a.b":3})");
  CHECK(Drop({R"(a\.b)"}, R"({"a":{"b":1},"a.b":3})") == R"(={"a":{"b":1}})");
}

TEST_CASE("a field goes however its key is escaped and as often as it occurs") {
  CHECK(Drop({"a"}, R"({"a":1,"\u0061":2,"b":3,"a":4})") == R"(={"b":3})");
}

TEST_CASE("values that only JSON can hold stay, and are no objects to look into") {
  CHECK(Drop({"a.number", "b"}, R"({"a":123456789012345678901234567890,"b":1,"c":"\ud800"})") ==
        R"(={"a":123456789012345678901234567890,"c":"\ud800"})");
}

TEST_CASE("what no field can be taken out of is rejected, and what is no path refused") {
  CHECK(Drop({"a"}, "{") == "=invalid-json");
  CHECK(Drop({"a"}, "[]") == "=not-an-object");
  CHECK_THROWS_AS(FieldDropper({"a..b"}), Error);
}

}  // namespace
}  // namespace rk
