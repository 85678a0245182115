#include <catch2/catch.hpp>

#include "lib/run/autoscaler.h"
#include "lib/run/restart_policy.h"

namespace rk {
namespace {

using namespace std::chrono_literals;
using Clock = RestartPolicy::Clock;

constexpr Autoscaler::Limits kLimits{1, 3, 200, 20};

int DecideAfter(Autoscaler& scaler, std::initializer_list<size_t> looks, size_t replicas,
                bool has_room = true) {
  for (const size_t waiting : looks) scaler.Look(waiting);
  return scaler.Decide(kLimits, replicas, has_room);
}

TEST_CASE("one replica more if every look found more than the threshold") {
  Autoscaler scaler;
  CHECK(DecideAfter(scaler, {201, 999, 300}, 1) == 1);
  CHECK(DecideAfter(scaler, {201, 200, 300}, 1) == 0);
  CHECK(DecideAfter(scaler, {201, 999, 300}, 3) == 0);
  CHECK(DecideAfter(scaler, {201, 999, 300}, 1, false) == 0);
  CHECK(DecideAfter(scaler, {}, 1) == 0);
}

TEST_CASE("one replica less after three decisions of nothing but short queues") {
  Autoscaler scaler;
  CHECK(DecideAfter(scaler, {0, 19}, 2) == 0);
  CHECK(DecideAfter(scaler, {19, 5}, 2) == 0);
  CHECK(DecideAfter(scaler, {0}, 2) == -1);
  CHECK(DecideAfter(scaler, {0}, 1) == 0);
  CHECK(DecideAfter(scaler, {0, 20}, 2) == 0);  // begins anew
  CHECK(DecideAfter(scaler, {0}, 2) == 0);
  CHECK(DecideAfter(scaler, {0}, 2) == 0);
  CHECK(DecideAfter(scaler, {0}, 2) == -1);
}

TEST_CASE("ten deaths in a minute have no pause, ten more a growing one, and then it is over") {
  RestartPolicy policy;
  const Clock::time_point begin{1h};
  for (int i = 0; i < 10; ++i) CHECK(policy.Died(begin) == 0ms);
  for (const auto pause : {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 10000ms, 10000ms}) {
    CHECK(policy.Died(begin) == pause);
  }
  CHECK(policy.Died(begin + 59s) == 10000ms);
  CHECK(policy.Died(begin + 59s) == std::nullopt);
}

TEST_CASE("deaths are forgotten after a minute") {
  RestartPolicy policy;
  const Clock::time_point begin{1h};
  for (int i = 0; i < 20; ++i) policy.Died(begin);
  CHECK(policy.Died(begin + 60s) == 0ms);
}

TEST_CASE("a status may get better if it tells of the world around") {
  for (const int status : {69, 74, 75, 129, 134, 137, 141}) CHECK(MayGetBetter(status));
  for (const int status : {0, 1, 64, 65, 66, 70, 76, 77, 78, 128})
    CHECK_FALSE(MayGetBetter(status));
}

}  // namespace
}  // namespace rk
