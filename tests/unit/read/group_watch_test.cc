#include "lib/read/group_watch.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"

namespace rk {
namespace {

using std::chrono::seconds;

const GroupWatch::Clock::time_point kStart{std::chrono::hours(5)};

GroupWatch MakeWatch() { return {"credit", seconds(25), kStart}; }

TEST_CASE("a group that does not answer is warned of every 10 s, with how long it has been") {
  GroupWatch watch = MakeWatch();
  CHECK_FALSE(watch.OnTick(true, kStart + seconds(9)));
  CHECK(watch.OnTick(true, kStart + seconds(10)) ==
        "group credit: no partition assignment for 10 s; still waiting");
  CHECK_FALSE(watch.OnTick(true, kStart + seconds(19)));
  CHECK(watch.OnTick(true, kStart + seconds(20)) ==
        "group credit: no partition assignment for 20 s; still waiting");
}

TEST_CASE("when the limit has passed the group counts as unreachable") {
  GroupWatch watch = MakeWatch();
  CHECK_NOTHROW(watch.OnTick(true, kStart + seconds(25) - std::chrono::milliseconds(1)));
  try {
    watch.OnTick(true, kStart + seconds(25));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kUnavailable);
    CHECK(error.what() == std::string("group credit: no partition assignment for 25 s: is its "
                                      "coordinator reachable?"));
  }
}

TEST_CASE("an answer begins the waiting anew") {
  GroupWatch watch = MakeWatch();
  CHECK_FALSE(watch.OnTick(false, kStart + seconds(24)));
  CHECK_FALSE(watch.OnTick(true, kStart + seconds(33)));
  CHECK(watch.OnTick(true, kStart + seconds(34)) ==
        "group credit: no partition assignment for 10 s; still waiting");
  CHECK_THROWS_AS(watch.OnTick(true, kStart + seconds(49)), Error);
}

}  // namespace
}  // namespace rk
