#include "lib/codec/json/extract.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/codec/number.h"
#include "tests/unit/codec/json/record_reader.h"

namespace rk {
namespace {

using Reader = RecordReader;

TEST_CASE("a field is found wherever it stands among others") {
  Reader reader({Number("a"), Number("b")});
  CHECK(reader.Code(R"({"a":1,"b":2})") == "");
  CHECK(reader.Code(R"({"x":[{"a":7}],"b":2.5,"y":"\"a\":3","a":-1.5e0})") == "");
  CHECK(reader.Value<float>(0) == -1.5F);
  CHECK(reader.Value<float>(8) == 2.5F);
  CHECK(reader.Code(" \n{ \"b\" : 3 , \"a\" : 4 }\t") == "");
  CHECK(reader.Value<float>(0) == 4);
  CHECK(reader.Value<float>(8) == 3);
}

TEST_CASE("a dotted path leads into nested objects") {
  Reader reader({Number("a.b.c"), Number("a.d"), Number("c")});
  CHECK(reader.Code(R"({"c":3,"a":{"d":2,"b":{"x":0,"c":1}}})") == "");
  CHECK(reader.Value<float>(0) == 1);
  CHECK(reader.Value<float>(8) == 2);
  CHECK(reader.Value<float>(16) == 3);
  CHECK(reader.Read(R"({"c":3,"a":{"d":2,"b":5}})")->message ==
        "field \"a.b\": expected an object, got a number");
  CHECK(reader.Read(R"({"c":3,"a":{"d":2}})")->message ==
        "field \"a.b.c\" is missing: expected a number");
}

TEST_CASE("an escaped key is the key that it means") {
  Reader reader({Number("né")});
  CHECK(reader.Code("{\"n\\u00e9\":1}") == "");
}

TEST_CASE("a path with an empty name is refused") {
  CHECK_THROWS_AS(Reader({Number("a..b")}), Error);
  CHECK_THROWS_AS(Reader({Number("")}), Error);
}

TEST_CASE("a string is taken as it is meant, and nothing else is a string") {
  Field field = Number("a.text");
  field.kind = Field::Kind::kText;
  Reader reader({field});
  CHECK(reader.Code(R"({"a":{"text":"n\u00e9 \"x\"\n"}})") == "");
  CHECK(reader.text() == "né \"x\"\n");
  CHECK(reader.Code(R"({"a":{"text":""}})") == "");
  CHECK(reader.text().empty());
  CHECK(reader.Read(R"({"a":{"text":5}})")->message ==
        "field \"a.text\": expected a string, got a number");
  CHECK(reader.Read(R"({"a":{}})")->message == "field \"a.text\" is missing: expected a string");
}

TEST_CASE("an array is taken flat or nested as its shape says") {
  Reader reader({Array("m", {2, 3})});
  const std::vector<float> expected{1, 2, 3, 4, 5, 6};
  CHECK(reader.Code(R"({"m":[1,2,3,4,5,6]})") == "");
  CHECK(reader.Values<float>(6) == expected);
  CHECK(reader.Code(R"({"m":[[1,2,3],[4,5,6]]})") == "");
  CHECK(reader.Values<float>(6) == expected);
}

TEST_CASE(
    "an array of another count or nesting has the wrong shape, one with other things the wrong "
    "type") {
  Reader reader({Array("m", {2, 3})});
  for (const char* json : {R"({"m":[]})", R"({"m":[1,2,3,4,5]})", R"({"m":[1,2,3,4,5,6,7]})",
                           R"({"m":[[1,2,3]]})", R"({"m":[[1,2,3],[4,5]]})",
                           R"({"m":[[1,2],[3,4],[5,6]]})", R"({"m":[[1,2,3],[4,5,6,7]]})"}) {
    CAPTURE(json);
    CHECK(reader.Code(json) == "wrong-shape");
  }
  for (const char* json : {R"({"m":5})", R"({"m":null})", R"({"m":"1,2,3,4,5,6"})", R"({"m":{}})",
                           R"({"m":[1,2,3,4,5,"6"]})", R"({"m":[1,2,3,4,5,null]})",
                           R"({"m":[[1,2,3],5]})", R"({"m":[[[1],2,3],[4,5,6]]})"}) {
    CAPTURE(json);
    CHECK(reader.Code(json) == "wrong-type");
  }
  CHECK(reader.Read(R"({"m":[[1,2,3],[4,5]]})")->message ==
        "field \"m\": expected an array of 6 numbers, flat or nested as [2,3], got 2 at depth 1");
  CHECK(reader.Read(R"({"m":[1,2,3,4,5,"6"]})")->message ==
        "field \"m\": expected an array of 6 numbers, flat or nested as [2,3], got a string in it");
}

TEST_CASE("each dtype takes what it can hold and nothing else") {
  struct Case {
    Dtype dtype;
    const char* value;
    const char* code;
  };
  const Case cases[] = {
      {Dtype::kF32, "3.4028235e38", ""},
      {Dtype::kF32, "3.5e38", "out-of-range"},
      {Dtype::kF32, "-1e300", "out-of-range"},
      {Dtype::kF32, "18446744073709551615", ""},
      {Dtype::kF32, "1e-300", ""},
      {Dtype::kF32, "true", "wrong-type"},
      {Dtype::kF64, "1e300", ""},
      {Dtype::kI32, "2147483647", ""},
      {Dtype::kI32, "2147483648", "out-of-range"},
      {Dtype::kI32, "-2147483649", "out-of-range"},
      {Dtype::kI64, "-9223372036854775808", ""},
      {Dtype::kI64, "9223372036854775808", "out-of-range"},
      {Dtype::kI64, "1.5", "wrong-type"},
      {Dtype::kU8, "255", ""},
      {Dtype::kU8, "256", "out-of-range"},
      {Dtype::kU8, "-1", "out-of-range"},
      {Dtype::kBool, "true", ""},
      {Dtype::kBool, "1", "wrong-type"},
      {Dtype::kI64, "null", "wrong-type"},
      {Dtype::kI64, "\"1\"", "wrong-type"},
      {Dtype::kI64, "[1]", "wrong-type"},
      {Dtype::kF32, "{}", "wrong-type"},
  };
  for (const Case& one : cases) {
    CAPTURE(NameOf(one.dtype), one.value);
    Reader reader({Number("x", one.dtype)});
    CHECK(reader.Code(std::string("{\"x\":") + one.value + "}") == one.code);
  }
  Reader reader({Number("x")});
  CHECK(reader.Read(R"({"x":3.5e38})")->message == "field \"x\": 3.5e+38 does not fit f32");
  CHECK(reader.Read(R"({"x":"3"})")->message == "field \"x\": expected a number, got a string");
}

TEST_CASE("numbers arrive with the value that they have in their dtype") {
  Reader floats({Array("x", {3}, Dtype::kF32)});
  CHECK(floats.Code(R"({"x":[0.1,16777217,-0.0]})") == "");
  CHECK(floats.Values<float>(3) == std::vector<float>{0.1F, 16777216.0F, -0.0F});
  Reader integers({Array("x", {2}, Dtype::kI64)});
  CHECK(integers.Code(R"({"x":[-9223372036854775808,9223372036854775807]})") == "");
  CHECK(integers.Values<int64_t>(2) == std::vector<int64_t>{INT64_MIN, INT64_MAX});
  Reader booleans({Array("x", {3}, Dtype::kBool)});
  CHECK(booleans.Code(R"({"x":[true,false,true]})") == "");
  CHECK(booleans.Values<char>(3) == std::vector<char>{1, 0, 1});
}

TEST_CASE("a field with a fallback may be missing but not be of another type") {
  Field field = Number("debt", Dtype::kF32);
  field.fallback = EncodeNumber(Dtype::kF32, "-2.5");
  Reader reader({Number("age"), field});
  CHECK(reader.Code(R"({"age":3})") == "");
  CHECK(reader.Value<float>(8) == -2.5F);
  CHECK(reader.Code(R"({"age":3,"debt":7})") == "");
  CHECK(reader.Value<float>(8) == 7);
  CHECK(reader.Code(R"({"age":3})") == "");
  CHECK(reader.Value<float>(8) == -2.5F);
  CHECK(reader.Code(R"({"debt":3})") == "missing-field");
  CHECK(reader.Code(R"({"age":null,"debt":3})") == "wrong-type");
}

TEST_CASE("what is not valid JSON is refused, also where nobody looks") {
  Reader reader({Number("a")});
  const std::string deep = R"({"a":1,"x":)" + std::string(5000, '[') + std::string(5000, ']') + "}";
  for (const std::string& json : std::initializer_list<std::string>{
           "{", "{\"a\":1", "{\"a\":1}}", "{\"a\":1,}", "{'a':1}", "{\"a\":NaN}", "{\"a\":01}",
           "{\"a\":1 2}", "{\"a\":1,\"x\":tru}", "{\"a\":1,\"x\":\"\\q\"}",
           "{\"a\":1,\"x\":\"\x01\"}", "{\"a\":1,\"x\":\"\xff\xfe\"}",
           "{\"a\":1,\"x\":\"\xed\xa0\x80\"}", "nonsense", " ", "{\"a\":1}{\"a\":1}",
           "\xef\xbb\xbf{\"a\":1", deep}) {
    CAPTURE(json.substr(0, 60));
    CHECK(reader.Code(json) == "invalid-json");
  }
  CHECK(reader.Read(deep)->message == "not valid JSON: nested deeper than 1024");
  CHECK(reader.Read("{\"x\":\"\xff\"}")->message == "not valid JSON: it is not UTF-8");
  CHECK(reader.Code(R"({"a":1})") == "");
}

TEST_CASE("what nobody reads must be well-formed, and no more") {
  Reader reader({Number("a", Dtype::kF64)}, {"score"});
  for (const char* value :
       {"327267367867168100000", "-9223372036854775809", "1e400", "-1E+999", "[1,{\"y\":1e400}]",
        R"("cut \ud83d")", R"("\udc00 \ud83d\u0041")", R"({"k\ud800":18446744073709551616})"}) {
    CAPTURE(value);
    const std::string json = std::string(R"({"x":)") + value + R"(,"a":2.5, "score" : 1})";
    CHECK(reader.Code(json) == "");
    CHECK(reader.Values<double>(1)[0] == 2.5);
    REQUIRE(reader.present().size() == 1);
    const ByteRange place = reader.present()[0].value;
    CHECK(json.substr(place.begin, place.end - place.begin) == "1");
  }
  for (const char* value :
       {"-", "1.", "01e400", "1e", "1e400x", R"("\ud83d\u00")", "\"\\ud83d\n\""}) {
    CAPTURE(value);
    CHECK(reader.Code(std::string(R"({"x":)") + value + R"(,"a":2.5})") == "invalid-json");
  }
}

TEST_CASE("a number over 64 bits is read as the nearest that a float holds, and by no integer") {
  Reader wide({Number("a", Dtype::kF64)});
  CHECK(wide.Code(R"({"a":18446744073709551616})") == "");
  CHECK(wide.Values<double>(1)[0] == 18446744073709551616.0);
  CHECK(wide.Read(R"({"a":1e400})")->message == "field \"a\": 1e400 does not fit f64");
  CHECK(wide.Code(R"({"a":{"b":1}})") == "wrong-type");
  Reader narrow({Number("a")});
  CHECK(narrow.Code(R"({"a":18446744073709551616})") == "");
  CHECK(narrow.Values<float>(1)[0] == 18446744073709551616.0F);
  Reader whole({Number("a", Dtype::kI64)});
  CHECK(whole.Read(R"({"a":18446744073709551616})")->message ==
        "field \"a\": 18446744073709551616 does not fit i64");
  CHECK(whole.Code(R"({"a":18446744073709551616})") == "out-of-range");
  Reader list({Array("a", {2}, Dtype::kF64)});
  CHECK(list.Code(R"({"a":[1,36893488147419103232]})") == "");
  CHECK(list.Values<double>(2) == std::vector<double>{1, 36893488147419103232.0});
}

TEST_CASE("a string with half a pair of surrogates is no text where it is read") {
  Field field = Number("t");
  field.kind = Field::Kind::kText;
  Reader reader({field});
  CHECK(reader.Read(R"({"t":"cut \ud83d"})")->message ==
        "field \"t\": expected a string, got a string with half a pair of surrogates");
  CHECK(reader.Code(R"({"t":"whole \ud83d\ude00"})") == "");
  CHECK(reader.text() == "whole \xf0\x9f\x98\x80");
}

TEST_CASE("a text that is not JSON: which byte says so") {
  Reader reader({Number("a")});
  const auto why = [&](std::string_view json) { return reader.Read(json)->message; };
  using namespace std::string_view_literals;
  CHECK(why("\0\0\0\0\x01{\"a\":1}"sv) ==
        "not valid JSON: byte 0 is 0x00: is this Schema Registry framing?");
  CHECK(why("\xef\xbb\xbf{\"a\":1,}") ==
        "not valid JSON: byte 0 is 0xEF: a byte order mark, which JSON must not begin with");
  CHECK(why(R"({"a":NaN})") == "not valid JSON: byte 5 begins NaN, and JSON has no such number");
  CHECK(why(R"({"a":-Infinity})") ==
        "not valid JSON: byte 5 begins -Infinity, and JSON has no such number");
  CHECK(why("{\"a\":1}\0"sv) == "not valid JSON: byte 7 is 0x00, after the end of the value");
  CHECK(why("{\"a\":1") == "not valid JSON: it ends too early, after 6 bytes");
  CHECK(why("{\"a\":1}{}") == "not valid JSON: byte 7 is '{', which is not expected there");
}

TEST_CASE("a dot or a backslash in a key is written with a backslash before it") {
  Reader reader({Number(R"(user\.age)"), Number(R"(http.status\.code)"), Number(R"(back\\slash)")});
  CHECK(reader.Code(R"({"user.age":41,"http":{"status.code":200},"back\\slash":3})") == "");
  CHECK(reader.Values<float>(1, 0)[0] == 41);
  CHECK(reader.Values<float>(1, 8)[0] == 200);
  CHECK(reader.Values<float>(1, 16)[0] == 3);
  CHECK(reader.Read(R"({"user":{"age":41},"http":{"status.code":200},"back\\slash":3})")->message ==
        R"(field "user\.age" is missing: expected a number)");
  CHECK_THROWS_AS(Reader({Number(R"(a\b)")}), Error);
  CHECK_THROWS_AS(Reader({Number("a\\")}), Error);
  CHECK_THROWS_AS(Reader({Number("a.")}), Error);
}

TEST_CASE("JSON that is no object is named for what it is") {
  Reader reader({Number("a")});
  CHECK(reader.Read("[1,2]")->message == "expected a JSON object, got an array");
  CHECK(reader.Code("12") == "not-an-object");
  CHECK(reader.Code("\"a\"") == "not-an-object");
  CHECK(reader.Code("null") == "not-an-object");
}

TEST_CASE("a key that is there twice is refused only where it matters") {
  Reader reader({Number("a.b")}, {"score"});
  CHECK(reader.Code(R"({"x":1,"x":2,"a":{"b":1,"c":2,"c":3}})") == "");
  CHECK(reader.Code(R"({"a":{"b":1,"b":1}})") == "duplicate-field");
  CHECK(reader.Code(R"({"a":{"b":1},"a":{}})") == "duplicate-field");
  CHECK(reader.Code(R"({"a":{"b":1},"score":1,"score":2})") == "duplicate-field");
}

TEST_CASE("watched keys are found where their values stand, in order of position") {
  Reader reader({Number("a")}, {"p", "q"});
  const std::string json = R"({ "q" : [1,{"p":"}\""}] ,"a":1, "p":"x\"y" })";
  REQUIRE(reader.Code(json) == "");
  REQUIRE(reader.present().size() == 2);
  const auto text = [&](size_t i) {
    const ByteRange range = reader.present()[i].value;
    return json.substr(range.begin, range.end - range.begin);
  };
  CHECK(reader.present()[0].member == 1);
  CHECK(text(0) == R"([1,{"p":"}\""}])");
  CHECK(reader.present()[1].member == 0);
  CHECK(text(1) == R"("x\"y")");
  CHECK(reader.Code(R"({"a":1,"x":{"p":1}})") == "");
  CHECK(reader.present().empty());
}

TEST_CASE("a watched key may be an input too") {
  Reader reader({Number("a")}, {"a"});
  CHECK(reader.Code(R"({"a":5})") == "");
  CHECK(reader.Value<float>() == 5);
  CHECK(reader.present().size() == 1);
}

TEST_CASE("one field of a record may feed several places") {
  Reader reader({Number("a"), Number("a", Dtype::kI64)});
  CHECK(reader.Code(R"({"a":5})") == "");
  CHECK(reader.Value<float>(0) == 5);
  CHECK(reader.Value<int64_t>(8) == 5);
  CHECK(reader.Code(R"({})") == "missing-field");
}

}  // namespace
}  // namespace rk
