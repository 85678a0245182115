#include "lib/codec/json/array.h"

#include <string>

#include <catch2/catch.hpp>

namespace rk {
namespace {

using Elements = std::vector<std::string_view>;

TEST_CASE("an array's elements are as they are written, without the space around them") {
  CHECK(SplitArray("[]") == Elements{});
  CHECK(SplitArray(" [ \t] \r") == Elements{});
  CHECK(SplitArray("[1]") == Elements{"1"});
  CHECK(SplitArray(R"([{"a":1}, {"b": [2, 3]} ,"x"])") ==
        Elements{R"({"a":1})", R"({"b": [2, 3]})", R"("x")"});
}

TEST_CASE("brackets, commas and quotes within strings divide nothing") {
  CHECK(SplitArray(R"([{"a":"],[\"}"},{"\\":","}])") ==
        Elements{R"({"a":"],[\"}"})", R"({"\\":","})"});
}

TEST_CASE("what is not one array is none") {
  for (const std::string text : {"", "[", "]", "{}", "null", "1]", "[1", "[1]]", "[1][2]", "[1]x",
                                 R"(["a])", R"(["a\"])", R"(["\])", "[{]", "[1,2", "[1}"}) {
    INFO(text);
    CHECK(!SplitArray(text));
  }
}

TEST_CASE("an element that is missing is an empty one, which is no JSON") {
  CHECK(SplitArray("[1,]") == Elements{"1", ""});
  CHECK(SplitArray("[,]") == Elements{"", ""});
}

}  // namespace
}  // namespace rk
