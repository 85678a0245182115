#include <catch2/catch.hpp>

#include "lib/run/test_spec.h"

namespace rk {
namespace {

using Lines = std::vector<std::string>;

// What came out: a value for each line that is not empty.
TestOutcome Out(const Lines& values) {
  TestOutcome outcome;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i].empty()) outcome.output.push_back({i + 1, values[i]});
  }
  return outcome;
}

Lines Judge(const std::string& expected, const Lines& values) {
  TestSpec spec;
  spec.output = TestLines{expected, ""};
  return JudgeTest(spec, Out(values));
}

TEST_CASE("a test passes if each line comes out as expected") {
  CHECK(Judge("1\n\n  2\n", {"1", "2"}).empty());
  CHECK(Judge("", {}).empty());
}

TEST_CASE("a line that differs stands beside the one that was expected") {
  CHECK(Judge("1\n2\n3", {"1", "5", "3"}) ==
        Lines{"output of input line 2:", "- 2", "+ 5", "? expected 2, got 5"});
}

TEST_CASE("a line that is missing is the only difference") {
  CHECK(Judge("1\n2\n3\n4", {"1", "", "3", "4"}) == Lines{"no output:", "- 2"});
}

TEST_CASE("a line too many is the only difference") {
  CHECK(Judge("1\n3", {"1", "2", "3"}) == Lines{"output of input line 2:", "+ 2"});
}

TEST_CASE("what is missing between lines that differ is found") {
  CHECK(Judge("1\n2\n3\n4\n5", {"9", "2", "", "4", "6"}) ==
        Lines{"output of input line 1:", "- 1", "+ 9", "? expected 1, got 9", "no output:", "- 3",
              "output of input line 5:", "- 5", "+ 6", "? expected 5, got 6"});
}

TEST_CASE("of many differences the first are shown and the rest counted") {
  const Lines diff = Judge("", Lines(100, "1"));
  CHECK(diff.size() == 41);
  CHECK(diff.back() == "(80 more lines differ)");
}

TEST_CASE("without an expected output any will do") {
  CHECK(JudgeTest(TestSpec{}, Out({"1"})).empty());
}

TEST_CASE("dead letters are compared by code") {
  TestSpec spec;
  spec.dead_letters = {{"missing-field", 1}, {"model-error", 2}};
  TestOutcome outcome;
  outcome.failures = {{3, "infer", "missing-field", "no age"}, {5, "infer", "not-json", "at 1"}};
  CHECK(JudgeTest(spec, outcome) == Lines{"dead letters:", "- model-error = 2", "+ not-json = 1",
                                          "? input line 5: infer: at 1"});
  spec.dead_letters = {{"missing-field", 1}, {"not-json", 1}};
  CHECK(JudgeTest(spec, outcome).empty());
}

TEST_CASE("of many reasons of a code the first are shown and the rest counted") {
  TestOutcome outcome;
  for (size_t line = 1; line <= 24; ++line)
    outcome.failures.push_back({line, "infer", "missing-field", "no age"});
  const Lines diff = JudgeTest(TestSpec{}, outcome);
  REQUIRE(diff.size() == 23);
  CHECK(diff[21] == "? input line 20: infer: no age");
  CHECK(diff.back() == "(4 more input lines)");
  outcome.failures.resize(20);
  CHECK(JudgeTest(TestSpec{}, outcome).back() == "? input line 20: infer: no age");
}

TEST_CASE("a dead letter that nobody expects is a difference") {
  TestOutcome outcome;
  outcome.failures = {{1, "infer", "missing-field", "no age"}};
  CHECK(!JudgeTest(TestSpec{}, outcome).empty());
}

TEST_CASE("a stage that died is all there is to say") {
  TestOutcome outcome = Out({"1"});
  outcome.error = "infer exited with status 66";
  CHECK(JudgeTest(TestSpec{}, outcome) == Lines{"infer exited with status 66"});
}

TEST_CASE("a report for people shows what differs under its test") {
  CHECK(TestReportText({{"one", 0.5, {}}, {"two", 1.25, {"- 1", "+ 2"}}}) ==
        "ok      one (0.5 s)\nFAILED  two (1.2 s)\n        - 1\n        + 2\n2 tests, 1 failed\n");
}

TEST_CASE("a JUnit report is XML whatever is in it") {
  CHECK(TestReportJUnit("a&b", {{"<one>", 0.5, {}}, {"two", 1, {"- \"\x01\"", "+ 2"}}}) ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuite name=\"a&amp;b\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"1.500\">\n"
        "  <testcase classname=\"a&amp;b\" name=\"&lt;one&gt;\" time=\"0.500\"/>\n"
        "  <testcase classname=\"a&amp;b\" name=\"two\" time=\"1.000\">\n"
        "    <failure message=\"- &quot;?&quot;\">- &quot;?&quot;\n+ 2</failure>\n"
        "  </testcase>\n</testsuite>\n");
}

}  // namespace
}  // namespace rk
