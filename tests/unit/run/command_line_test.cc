#include "lib/run/command_line.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"

namespace rk {
namespace {

using Words = std::vector<std::string>;

std::optional<std::string> Variable(const std::string& name) {
  if (name == "TWO") return "a b|c";
  if (name == "EMPTY") return "";
  return std::nullopt;
}

Words Split(std::string_view command) {
  const auto commands = SplitLine(command, Variable);
  REQUIRE(commands.size() == 1);
  return commands[0];
}

std::string Refusal(std::string_view line) {
  try {
    SplitLine(line, Variable);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kConfiguration);
    return error.what();
  }
  return "";
}

TEST_CASE("a line is split into commands and words as by a shell") {
  CHECK(Split("rk-infer  -m\tmodel.pt\n") == Words{"rk-infer", "-m", "model.pt"});
  CHECK(Split(R"(a 'b  "c' "d 'e" f\ g h'i'"j")") == Words{"a", "b  \"c", "d 'e", "f g", "hij"});
  CHECK(Split(R"(a '' "" "\"\\\x")") == Words{"a", "", "", R"("\\x)"});
  CHECK(Split("a \\\n b") == Words{"a", "b"});
  CHECK(SplitLine("a b | c|'|'", Variable) == std::vector<Words>{{"a", "b"}, {"c"}, {"|"}});
}

TEST_CASE("a variable is one word, whatever is in it") {
  CHECK(Split("a $TWO ${TWO}x \"$TWO\" '$TWO' $EMPTY") ==
        Words{"a", "a b|c", "a b|cx", "a b|c", "$TWO", ""});
}

TEST_CASE("what only a shell could do is refused, but not inside a word") {
  for (const char* line : {"a > b", "a; b", "a &", "a (b)", "a `b`", "a #b", "a *", "a ~"}) {
    CHECK_THAT(Refusal(line), Catch::Contains("is shell syntax"));
  }
  CHECK(Split("a x#y x[0] a=b~c") == Words{"a", "x#y", "x[0]", "a=b~c"});
}

TEST_CASE("a broken line is refused with the reason") {
  CHECK_THAT(Refusal("a 'b"), Catch::Contains("' is not closed"));
  CHECK_THAT(Refusal("a \"b"), Catch::Contains("\" is not closed"));
  CHECK_THAT(Refusal("a \\"), Catch::Contains("backslash"));
  CHECK_THAT(Refusal("a | | b"), Catch::Contains("missing next to '|'"));
  CHECK_THAT(Refusal("a |"), Catch::Contains("missing next to '|'"));
  CHECK_THAT(Refusal(""), Catch::Contains("missing"));
  CHECK_THAT(Refusal("a $NONE"), Catch::Contains("variable NONE is not set"));
  CHECK_THAT(Refusal("a ${TWO"), Catch::Contains("after '$'"));
  CHECK_THAT(Refusal("a $"), Catch::Contains("after '$'"));
}

TEST_CASE("words that are quoted are the same words when they are split again") {
  const Words words{"a", "", "b c", "it's", "$TWO", "x|y", "\"", "back\\slash", "new\nline", "*"};
  CHECK(Split(Quote(words)) == words);
  CHECK(Quote({"rk-read", "-b", "host:9092", "--batch-size=10"}) ==
        "rk-read -b host:9092 --batch-size=10");
}

}  // namespace
}  // namespace rk
