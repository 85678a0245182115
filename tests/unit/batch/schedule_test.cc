// Randomised schedules: the ledger and the writer's order against a simple model of what must come
// out (docs/architecture.md I3, I4, I5, I8, I10). A failing seed is named; running that seed alone
// repeats it.
#include <stdexcept>
#include <string>

#include <catch2/catch.hpp>

#include "tests/unit/batch/schedule_seeds.h"
#include "tests/unit/batch/schedule_world.h"

namespace rk {
namespace {

struct Totals {
  size_t produced = 0;
  size_t duplicates = 0;
  size_t innocent = 0;
};

Totals RunSchedules(const ScheduleWorld::Rough& rough) {
  Totals totals;
  for (uint64_t seed = 1; seed <= kScheduleSeeds; ++seed) {
    try {
      ScheduleWorld world(seed, rough);
      for (size_t steps = 100 + seed * 37 % 1000; steps > 0; --steps) world.Step();
      world.Drain();
      totals.produced += world.produced();
      totals.duplicates += world.duplicates();
      totals.innocent += world.innocent();
    } catch (const std::exception& error) {
      FAIL("seed " << seed << ": " << error.what());
    }
  }
  REQUIRE(totals.produced > kScheduleSeeds * 50);
  return totals;
}

}  // namespace

TEST_CASE("schedules: while nothing dies every record comes out once, in order") {
  const Totals totals = RunSchedules({});
  REQUIRE(totals.duplicates == 0);
  REQUIRE(totals.innocent == 0);
}

TEST_CASE("schedules: a poison record costs itself only") {
  ScheduleWorld::Rough rough;
  rough.poison_one_in = 20;
  const Totals totals = RunSchedules(rough);
  REQUIRE(totals.duplicates == 0);
  REQUIRE(totals.innocent == 0);
}

TEST_CASE("schedules: whatever happens in the middle, every record comes out once, in order") {
  ScheduleWorld::Rough rough;
  rough.poison_one_in = 100;
  rough.middle = true;
  const Totals totals = RunSchedules(rough);
  REQUIRE(totals.duplicates == 0);
}

TEST_CASE(
    "schedules: whatever is killed, every record comes out, in order, before it is committed") {
  ScheduleWorld::Rough rough;
  rough.poison_one_in = 100;
  rough.middle = rough.writer = rough.readers = true;
  const Totals totals = RunSchedules(rough);
  REQUIRE(totals.duplicates > 0);
}

TEST_CASE(
    "schedules: a writer that is killed again and again loses nothing and holds nothing for ever") {
  ScheduleWorld::Rough rough;
  rough.writer = true;
  const Totals totals = RunSchedules(rough);
  REQUIRE(totals.duplicates > 0);
}

TEST_CASE("schedules: readers that are killed and partitions that move lose nothing") {
  ScheduleWorld::Rough rough;
  rough.readers = true;
  const Totals totals = RunSchedules(rough);
  REQUIRE(totals.duplicates > 0);
}

TEST_CASE("schedules: without order every record comes out once while no end is killed") {
  ScheduleWorld::Rough rough;
  rough.ordered = false;
  rough.poison_one_in = 100;
  rough.middle = true;
  const Totals totals = RunSchedules(rough);
  REQUIRE(totals.duplicates == 0);
}

TEST_CASE("schedules: without order, whatever is killed, every record comes out") {
  ScheduleWorld::Rough rough;
  rough.ordered = false;
  rough.poison_one_in = 100;
  rough.middle = rough.writer = rough.readers = true;
  const Totals totals = RunSchedules(rough);
  REQUIRE(totals.duplicates > 0);
}

}  // namespace rk
