#include "lib/codec/json/condition.h"

#include <string>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/batch/buffer.h"

namespace rk {
namespace {

// "yes", "no", or the code of the rejection.
std::string Test(const std::string& expression, const std::string& json) {
  Condition condition(expression);
  Buffer buffer;
  buffer.Append(json);
  bool holds = false;
  const auto rejection = condition.Test(buffer.view(), holds);
  if (rejection) return std::string(rejection->code);
  return holds ? "yes" : "no";
}

TEST_CASE("a number over 64 bits is compared by value, also where it is over all doubles") {
  CHECK(Test("n>18446744073709551615", R"({"n":18446744073709551616})") == "yes");
  CHECK(Test("n>5", R"({"n":1e400})") == "yes");
  CHECK(Test("n>5", R"({"n":-1e400})") == "no");
  CHECK(Test("n>5", R"({"n":6,"wei":327267367867168100000})") == "yes");
  CHECK(Test(R"(a\.b=1)", R"({"a.b":1})") == "yes");
}

TEST_CASE("values are equal if they are of one kind and the same") {
  CHECK(Test("type=view", R"({"type":"view"})") == "yes");
  CHECK(Test("type = view", R"({"type":"buy"})") == "no");
  CHECK(Test("type=\"view\"", R"({"type":"view"})") == "yes");
  CHECK(Test("n=1", R"({"n":1.0})") == "yes");
  CHECK(Test("n=1", R"({"n":"1"})") == "no");
  CHECK(Test("n=\"1\"", R"({"n":"1"})") == "yes");
  CHECK(Test("n=9007199254740993", R"({"n":9007199254740992})") == "no");
  CHECK(Test("b=true", R"({"b":true})") == "yes");
  CHECK(Test("b=true", R"({"b":false})") == "no");
  CHECK(Test("s=", R"({"s":""})") == "yes");
  CHECK(Test("o=1", R"({"o":{}})") == "no");
  CHECK(Test("type!=view", R"({"type":"view"})") == "no");
  CHECK(Test("n!=1", R"({"n":"1"})") == "yes");
}

TEST_CASE("a sign of the condition that belongs to a name has a backslash before it") {
  CHECK(Test(R"(a\=b=1)", R"({"a=b":1})") == "yes");
  CHECK(Test(R"(a\<b\!<2)", R"({"a<b!":1})") == "yes");
  CHECK(Test(R"(back\\=1)", R"({"back\\":1})") == "yes");
}

TEST_CASE("a field that is not there is equal to null alone") {
  CHECK(Test("a=null", R"({})") == "yes");
  CHECK(Test("a=null", R"({"a":null})") == "yes");
  CHECK(Test("a!=null", R"({"a":0})") == "yes");
  CHECK(Test("a=1", R"({})") == "no");
  CHECK(Test("a!=1", R"({})") == "yes");
  CHECK(Test("a<1", R"({})") == "no");
  CHECK(Test("a>=1", R"({"a":null})") == "no");
  CHECK(Test("a.b=1", R"({"a":3})") == "no");
}

TEST_CASE("numbers and strings are less or more than others of their kind") {
  CHECK(Test("user.age>=18", R"({"user":{"age":18}})") == "yes");
  CHECK(Test("user.age>18", R"({"user":{"age":18}})") == "no");
  CHECK(Test("n<18446744073709551615", R"({"n":-1})") == "yes");
  CHECK(Test("n<=-1.5", R"({"n":-1.5})") == "yes");
  CHECK(Test("s<b", R"({"s":"a"})") == "yes");
  CHECK(Test("s>b", R"({"s":"a"})") == "no");
  CHECK(Test("n<1", R"({"n":"0"})") == "wrong-type");
  CHECK(Test("s<b", R"({"s":1})") == "wrong-type");
  CHECK(Test("s<b", R"({"s":[]})") == "wrong-type");
}

TEST_CASE("records that nobody can say it of are rejected") {
  CHECK(Test("a=1", "{") == "invalid-json");
  CHECK(Test("a=1", "3") == "not-an-object");
  CHECK(Test("a=1", R"({"a":1,"a":2})") == "duplicate-field");
  CHECK(Test("a=1", R"({"a":1,"b":2,"b":3})") == "yes");
}

TEST_CASE("an expression that is none is refused") {
  for (const char* expression :
       {"", "a", "=1", "a==1", "a=<1", "a!1", "a..b=1", "a<true", "a>null"}) {
    CAPTURE(expression);
    CHECK_THROWS_AS(Condition(expression), Error);
  }
}

}  // namespace
}  // namespace rk
