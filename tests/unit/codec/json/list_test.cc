#include "lib/codec/json/list.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"

namespace rk {
namespace {

using Strings = std::vector<std::string>;

TEST_CASE("the strings of a list, or of a member of its objects, come in order") {
  CHECK(ListStrings(R"({"x":1,"a":["p","q"]})", "a") == Strings{"p", "q"});
  CHECK(ListStrings(R"({"a":[{"n":"p","m":2},{"n":"q"}]})", "a", "n") == Strings{"p", "q"});
  CHECK(ListStrings(R"({"a":[]})", "a").empty());
  CHECK(ListStrings("{}", "a").empty());
}

TEST_CASE("an object comes as a text in one line, and nothing else does") {
  CHECK(ObjectText("{\"a\":{ \"n\" :\n[1, \"x\"]},\"b\":1}", "a") == R"({"n":[1,"x"]})");
  CHECK(ObjectText("{}", "a").empty());
  CHECK_THROWS_WITH(ObjectText(R"({"a":[1]})", "a"), "expected \"a\" to be an object");
}

TEST_CASE("anything else than such a list is refused with what was expected") {
  CHECK_THROWS_WITH(ListStrings(R"({"a":["p",2]})", "a"),
                    "expected \"a\" to be an array of strings");
  CHECK_THROWS_WITH(ListStrings(R"({"a":[{"m":"p"}]})", "a", "n"),
                    "expected \"a\" to be an array of objects with a string \"n\"");
  CHECK_THROWS_AS(ListStrings(R"({"a":"p"})", "a"), Error);
  CHECK_THROWS_AS(ListStrings("[", "a"), Error);
}

}  // namespace
}  // namespace rk
