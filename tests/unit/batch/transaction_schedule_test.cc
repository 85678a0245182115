// Randomised schedules of exactly once: a failing seed is named; running it alone repeats it.
#include <catch2/catch.hpp>

#include "tests/unit/batch/schedule_seeds.h"
#include "tests/unit/batch/transaction_world.h"

namespace rk {

TEST_CASE("whatever dies, freezes, moves or is not answered, each record is committed once") {
  for (uint64_t seed = 1; seed <= kScheduleSeeds; ++seed) {
    INFO("seed " << seed);
    REQUIRE_NOTHROW(TransactionWorld(seed).Run());
  }
}

}  // namespace rk
