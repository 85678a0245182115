#include <catch2/catch.hpp>

#include "lib/observe/process_metrics.h"
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
  for (const int status : {0, 1, 64, 65, 66, 70, 77, 78, 128}) CHECK_FALSE(MayGetBetter(status));
}

TEST_CASE("what a process says of itself is read, and what is not of its form is left out") {
  std::string line = "metrics rk_in_total=12 rk_bad=x rk_lag=7 rk_wait_seconds=1.5:1";
  for (size_t i = 1; i < kHistogramBuckets; ++i) line += ",2";
  const ProcessMetrics metrics = ParseMetrics(line + " rk_short_seconds=1:1,2 =3 nothing");
  CHECK(metrics.numbers.size() == 3);  // the empty name too
  CHECK(metrics.number("rk_in_total") == 12);
  CHECK(metrics.number("rk_lag") == 7);
  CHECK(metrics.number("rk_bad") == 0);
  REQUIRE(metrics.histograms.size() == 1);
  CHECK(metrics.histogram("rk_wait_seconds").sum == 1.5);
  CHECK(metrics.histogram("rk_wait_seconds").count() == 1 + 2 * (kHistogramBuckets - 1));
  CHECK(ParseMetrics("ready").numbers.empty());
  CHECK(ParseMetrics("").numbers.empty());
}

TEST_CASE("replicas add up, and a process that is gone leaves its counters and histograms") {
  std::string histogram = "rk_wait_seconds=2:3";
  for (size_t i = 1; i < kHistogramBuckets; ++i) histogram += ",0";
  ProcessMetrics sum = ParseMetrics("metrics rk_in_total=1 rk_lag=5 " + histogram);
  sum += ParseMetrics("metrics rk_in_total=2 rk_lag=6 " + histogram);
  CHECK(sum.number("rk_in_total") == 3);
  CHECK(sum.number("rk_lag") == 11);
  CHECK(sum.histogram("rk_wait_seconds").count() == 6);
  const ProcessMetrics lasting = sum.Lasting();
  CHECK(lasting.number("rk_in_total") == 3);
  CHECK(lasting.numbers.count("rk_lag") == 0);
  CHECK(lasting.histogram("rk_wait_seconds").sum == 4);
}

}  // namespace
}  // namespace rk
