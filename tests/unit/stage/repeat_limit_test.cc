#include "lib/base/repeat_limit.h"

#include <catch2/catch.hpp>

namespace rk {
namespace {

using std::chrono::seconds;

RepeatLimit::Time At(int second) { return RepeatLimit::Time() + seconds(1000 + second); }

TEST_CASE("ten lines of a kind pass in ten seconds, and the others are counted") {
  RepeatLimit limit;
  for (int i = 0; i < 25; ++i)
    CHECK(limit.Admit("a", "line " + std::to_string(i), At(0)) == (i < 10));
  CHECK(limit.Admit("b", "another", At(1)));
  CHECK(limit.TakeLeftOut(At(9)).empty());
  const auto left_out = limit.TakeLeftOut(At(10));
  REQUIRE(left_out.size() == 1);
  CHECK(left_out[0].count == 15);
  CHECK(left_out[0].last == "line 24");
  CHECK(limit.TakeLeftOut(At(11)).empty());
  CHECK(limit.Admit("a", "line", At(10)));
}

TEST_CASE("what is left out when nothing follows is told too") {
  RepeatLimit limit;
  for (int i = 0; i < 12; ++i) limit.Admit("a", "line", At(0));
  REQUIRE(limit.End().size() == 1);
  CHECK(limit.End().empty());
}

TEST_CASE("more kinds than are remembered pass, and those that are over make room") {
  RepeatLimit limit;
  for (size_t i = 0; i < RepeatLimit::kKinds; ++i) limit.Admit(std::to_string(i), "line", At(0));
  for (int i = 0; i < 20; ++i) CHECK(limit.Admit("one more", "line", At(1)));
  for (int i = 0; i < 20; ++i) CHECK(limit.Admit("one more", "line", At(10)) == (i < 10));
}

TEST_CASE("lines are alike that differ in digits alone") {
  CHECK(KindOfLine("offset=12 of 3") == KindOfLine("offset=7 of 45"));
  CHECK(KindOfLine("offset=12") != KindOfLine("offsets=12"));
}

}  // namespace
}  // namespace rk
