#include "lib/codec/json/key_field.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/batch/buffer.h"

namespace rk {
namespace {

// The key in quotes, null, or the code of the rejection.
std::string Key(const std::string& path, std::string_view json) {
  KeyField field(path);
  Buffer buffer;
  buffer.Append(json);
  std::optional<std::string> key = "of the record before";
  if (const auto rejection = field.Read(buffer.view(), key)) return std::string(rejection->code);
  return key ? "'" + *key + "'" : "null";
}

TEST_CASE("a key is a string's text, or a number or boolean as it is written") {
  CHECK(Key("k", R"({"k":"a\"b"})") == R"('a"b')");
  CHECK(Key("k", R"({"k":""})") == "''");
  CHECK(Key("k", R"({"k":12})") == "'12'");
  CHECK(Key("u.id", R"({"u":{"id":true}})") == "'true'");
}

TEST_CASE("a record without the key's field is rejected") {
  CHECK(Key("k", "{}") == "missing-field");
  CHECK(Key("u.id", R"({"u":1})") == "missing-field");
  CHECK(Key("k", R"({"k":null})") == "wrong-type");
  CHECK(Key("k", R"({"k":[1]})") == "wrong-type");
}

TEST_CASE("a key whose name ends with a question mark has a backslash before it") {
  CHECK(Key(R"(new\?)", R"({"new?":"a"})") == "'a'");
  CHECK(Key(R"(new\?)", R"({"new":"a"})") == "missing-field");
  CHECK(Key(R"(new\??)", R"({"new":"a"})") == "null");
  CHECK(Key(R"(back\\?)", R"({"new":"a"})") == "null");
}

TEST_CASE("a field that need not be there is a null key, and any other as ever") {
  CHECK(Key("k?", "{}") == "null");
  CHECK(Key("u.id?", R"({"u":{"k":1}})") == "null");
  CHECK(Key("k?", R"({"k":null})") == "null");
  CHECK(Key("k?", R"({"k":"a"})") == "'a'");
  CHECK(Key("k?", R"({"k":""})") == "''");
  CHECK(Key("k?", R"({"k":{}})") == "wrong-type");
  CHECK(Key("k??", R"({"k?":1})") == "'1'");
  CHECK_THROWS_AS(Key("?", "{}"), Error);
}

}  // namespace
}  // namespace rk
