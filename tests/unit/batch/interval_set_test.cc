#include "lib/batch/interval_set.h"

#include <algorithm>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

namespace rk {
namespace {

TEST_CASE("ranges that touch or overlap become one") {
  IntervalSet set;
  set.Add({10, 20});
  set.Add({30, 40});
  CHECK(set.EndFrom(10) == 20);
  set.Add({20, 30});
  CHECK(set.EndFrom(10) == 40);
  set.Add({5, 50});
  CHECK(set.EndFrom(5) == 50);
}

TEST_CASE("a range is contained only if one run of the set covers it") {
  IntervalSet set;
  set.Add({10, 20});
  set.Add({21, 30});
  CHECK(set.ContainsAll({10, 20}));
  CHECK_FALSE(set.ContainsAll({10, 21}));
  CHECK_FALSE(set.ContainsAll({9, 11}));
  CHECK_FALSE(set.Overlaps({20, 21}));
  CHECK(set.Overlaps({19, 22}));
}

TEST_CASE("the next offset of the set is the one asked for, or the first behind it") {
  IntervalSet set;
  CHECK(set.NextFrom(0) == INT64_MAX);
  set.Add({10, 20});
  set.Add({30, 40});
  CHECK(set.NextFrom(0) == 10);
  CHECK(set.NextFrom(10) == 10);
  CHECK(set.NextFrom(19) == 19);
  CHECK(set.NextFrom(20) == 30);
  CHECK(set.NextFrom(40) == INT64_MAX);
}

TEST_CASE("removing splits what it hits and leaves the rest") {
  IntervalSet set;
  set.Add({0, 100});
  set.Remove({40, 60});
  CHECK(set.ContainsAll({0, 40}));
  CHECK(set.ContainsAll({60, 100}));
  CHECK_FALSE(set.Overlaps({40, 60}));
  set.Remove({0, 100});
  CHECK(set.empty());
}

TEST_CASE("empty ranges change nothing, are always contained and never overlap") {
  IntervalSet set;
  set.Add({5, 5});
  set.Add({7, 6});
  CHECK(set.empty());
  CHECK(set.ContainsAll({5, 5}));
  set.Add({0, 10});
  CHECK_FALSE(set.Overlaps({5, 5}));
  set.Remove({5, 5});
  CHECK(set.ContainsAll({0, 10}));
}

TEST_CASE("the end from an offset outside of the set is the offset") {
  IntervalSet set;
  set.Add({10, 20});
  CHECK(set.EndFrom(9) == 9);
  CHECK(set.EndFrom(19) == 20);
  CHECK(set.EndFrom(20) == 20);
  CHECK(set.EndFrom(25) == 25);
}

TEST_CASE("any sequence of operations gives what a set of single offsets gives") {
  constexpr int kOffsets = 40;
  std::mt19937 random(1);
  std::uniform_int_distribution<int> any(0, kOffsets);
  for (int round = 0; round < 300; ++round) {
    IntervalSet set;
    std::vector<bool> model(kOffsets + 1, false);
    for (int step = 0; step < 40; ++step) {
      const OffsetRange range{any(random), any(random)};
      const bool add = any(random) % 2 == 0;
      add ? set.Add(range) : set.Remove(range);
      for (int64_t offset = range.first; offset < range.next; ++offset) {
        model[static_cast<size_t>(offset)] = add;
      }
      const int first = any(random);
      const int next = any(random);
      const auto begin = model.begin() + first;
      const auto end = model.begin() + std::max(first, next);
      REQUIRE(set.ContainsAll({first, next}) == (std::find(begin, end, false) == end));
      REQUIRE(set.Overlaps({first, next}) == (std::find(begin, end, true) != end));
      REQUIRE(set.EndFrom(first) == std::find(begin, model.end(), false) - model.begin());
      REQUIRE(set.empty() == (std::find(model.begin(), model.end(), true) == model.end()));
    }
  }
}

}  // namespace
}  // namespace rk
