#include "lib/codec/json/splice.h"

#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/batch/buffer.h"
#include "lib/codec/json/extract.h"

namespace rk {
namespace {

const std::vector<Member> kMembers{{"\"p\"", "0.5"}, {"\"q\"", "[1,2]"}};

std::string Merged(const std::string& json, const std::vector<std::string>& keys = {"p", "q"}) {
  Extractor extractor({}, keys);
  Buffer buffer;
  buffer.Append(json);
  REQUIRE_FALSE(extractor.Extract(buffer.view(), {}));
  std::string out;
  Merge(buffer.view(), extractor.present(), kMembers, out);
  return out;
}

TEST_CASE("new members follow the object's last and nothing else changes") {
  CHECK(Merged(R"({"a":1})") == R"({"a":1,"p":0.5,"q":[1,2]})");
  CHECK(Merged("{}") == R"({"p":0.5,"q":[1,2]})");
  CHECK(Merged(" { } \n") == " {\"p\":0.5,\"q\":[1,2] } \n");
  CHECK(Merged("{\n  \"a\": 1.50,\n  \"b\": {}\n}\n") ==
        "{\n  \"a\": 1.50,\n  \"b\": {},\"p\":0.5,\"q\":[1,2]\n}\n");
}

TEST_CASE("a member that is there already is replaced in its place") {
  CHECK(Merged(R"({"p": null , "a":1})") == R"({"p": 0.5 , "a":1,"q":[1,2]})");
  CHECK(Merged(R"({"q":{"p":[1,2,"}"]},"a":1,"p":"old"})") == R"({"q":[1,2],"a":1,"p":0.5})");
  CHECK(Merged(R"({"x":"{\"p\":1}","p":-1.5e+3})") == R"({"x":"{\"p\":1}","p":0.5,"q":[1,2]})");
  CHECK(Merged(R"({"\u0070":true})") == R"({"\u0070":0.5,"q":[1,2]})");
}

TEST_CASE("an object of members alone holds them in order") {
  std::string out;
  AppendObject(kMembers, out);
  CHECK(out == R"({"p":0.5,"q":[1,2]})");
  out.clear();
  AppendObject({}, out);
  CHECK(out == "{}");
}

TEST_CASE("a quoted string is JSON whatever is in it") {
  std::string out;
  AppendQuoted("a\"b\\c\n\x01 né", out);
  CHECK(out == "\"a\\\"b\\\\c\\u000a\\u0001 né\"");
}

// JSON texts with every kind of value and spacing, and the same text as Merge must leave it, built
// side by side.
class TextMaker {
 public:
  explicit TextMaker(uint32_t seed) : random_(seed) {}

  void MakeObject(std::string& json, std::string& expected) {
    Both(json, expected, Space() + "{");
    const size_t count = random_() % 6;
    if (count > 0) Both(json, expected, Space());
    const size_t p = random_() % 12;  // where a member p stands, if that many are there
    const size_t q = random_() % 12;
    std::string rest;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) Both(json, expected, "," + Space());
      const bool is_p = i == p;
      const bool is_q = i == q && !is_p;
      Both(json, expected, is_p ? "\"p\"" : is_q ? "\"q\"" : String());
      Both(json, expected, Space() + ":" + Space());
      const std::string value = Value(0);
      json += value;
      expected += is_p ? "0.5" : is_q ? "[1,2]" : value;
      if (i + 1 < count) Both(json, expected, Space());
    }
    if (p >= count) expected += count > 0 ? ",\"p\":0.5" : "\"p\":0.5";
    if (q >= count || q == p) expected += ",\"q\":[1,2]";
    Both(json, expected, Space() + "}" + Space());
  }

 private:
  static void Both(std::string& json, std::string& expected, const std::string& text) {
    json += text;
    expected += text;
  }

  std::string Pick(const std::vector<std::string>& from) { return from[random_() % from.size()]; }
  std::string Space() { return Pick({"", "", " ", "\n", "\t \r\n"}); }
  std::string String() {
    return Pick(
        {"\"k\"", "\"\"", "\"a\\\"}\"", "\"{[\\\\\"", "\"né\\u00e9\"", "\":,\"", "\"\\\\\""});
  }
  std::string Value(int depth) {
    if (depth < 3 && random_() % 3 == 0) return Nested(depth);
    return Pick(
        {"1", "-0.0", "1.50", "1e-3", "12345678901234567", "true", "false", "null", String()});
  }
  std::string Nested(int depth) {
    const bool object = random_() % 2 == 0;
    std::string text = object ? "{" : "[";
    const size_t count = random_() % 4;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) text += "," + Space();
      if (object) text += Pick({"\"p\"", "\"q\"", "\"z\""}) + Space() + ":";
      text += Space() + Value(depth + 1) + Space();
    }
    return text + (object ? "}" : "]");
  }

  std::mt19937 random_;
};

TEST_CASE("whatever the object, a merge changes the members that it is told to and no other byte") {
  for (uint32_t seed = 0; seed < 5000; ++seed) {
    std::string json;
    std::string expected;
    TextMaker(seed).MakeObject(json, expected);
    CAPTURE(seed, json);
    REQUIRE(Merged(json) == expected);
  }
}

}  // namespace
}  // namespace rk
