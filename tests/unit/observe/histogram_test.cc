#include "lib/observe/histogram.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <vector>

#include <catch2/catch.hpp>

namespace rk {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// The bucket of a duration in seconds, and its bounds.
size_t BucketOf(double duration) {
  size_t bucket = 0;
  while (bucket < kHistogramBounds.size() && kHistogramBounds[bucket] < duration) ++bucket;
  return bucket;
}

TEST_CASE("the bounds rise to a minute, from 100 us on by a tenth at most") {
  CHECK(kHistogramBounds.front() == 10e-6);
  CHECK(kHistogramBounds.back() == 60);
  CHECK(std::ranges::count(kHistogramBounds, 100e-6) == 1);
  for (size_t i = 1; i < kHistogramBounds.size(); ++i) {
    INFO(kHistogramBounds[i]);
    CHECK(kHistogramBounds[i] > kHistogramBounds[i - 1]);
    if (kHistogramBounds[i] >= 100e-6)
      CHECK(kHistogramBounds[i] <= kHistogramBounds[i - 1] * 1.1000001);
  }
}

TEST_CASE("a duration is in the bucket whose bound it does not exceed") {
  const auto [duration, bucket] = GENERATE(table<nanoseconds, size_t>({
      {nanoseconds(-5), 0},
      {nanoseconds(0), 0},
      {microseconds(10), 0},
      {nanoseconds(10'001), 1},
      {microseconds(100), BucketOf(100e-6)},
      {nanoseconds(100'001), BucketOf(100e-6) + 1},
      {milliseconds(50), BucketOf(0.05)},
      {seconds(60), kHistogramBuckets - 2},
      {seconds(61), kHistogramBuckets - 1},
      {std::chrono::hours(24 * 365), kHistogramBuckets - 1},
  }));
  Histogram histogram;
  histogram.Observe(duration);
  HistogramValue expected;
  expected.counts[bucket] = 1;
  CHECK(histogram.value().counts == expected.counts);
}

TEST_CASE("the sum is in seconds, and observing many at once is observing each") {
  Histogram each;
  Histogram at_once;
  for (int i = 0; i < 500; ++i) each.Observe(milliseconds(3));
  at_once.Observe(milliseconds(3), 500);
  CHECK(at_once.value() == each.value());
  CHECK(at_once.value().sum == Approx(1.5));
  CHECK(at_once.value().count() == 500);
}

TEST_CASE("a quantile is interpolated within its bucket") {
  HistogramValue value;
  CHECK(value.Quantile(0.5) == 0);
  value.counts[BucketOf(1.05e-3)] = 100;  // 1.0 to 1.1 ms
  CHECK(value.Quantile(0) == Approx(1e-3));
  CHECK(value.Quantile(0.5) == Approx(1.05e-3));
  CHECK(value.Quantile(1) == Approx(1.1e-3));
  value.counts[BucketOf(11.5e-3)] = 100;  // 11 to 12 ms
  CHECK(value.Quantile(0.5) == Approx(1.1e-3));
  CHECK(value.Quantile(0.75) == Approx(11.5e-3));
  value.counts.back() = 800;
  CHECK(value.Quantile(0.99) == 60);
}

// Also where all have the same length, so that nothing but the bucket's width tells where it is.
TEST_CASE("p99 of 100 us to 60 s is right within a tenth, whatever the durations") {
  for (double duration = 100e-6; duration <= 60; duration *= 1.013) {
    INFO(duration);
    Histogram same;
    same.Observe(nanoseconds(std::llround(duration * 1e9)), 1000);
    CHECK(same.value().Quantile(0.99) == Approx(duration).epsilon(0.1).scale(0));
    CHECK(same.value().Quantile(0.01) == Approx(duration).epsilon(0.1).scale(0));
  }
  Histogram mixed;
  std::vector<double> durations;
  for (double duration = 100e-6; duration < 60; duration *= 1.003) {
    durations.push_back(duration);
    mixed.Observe(nanoseconds(std::llround(duration * 1e9)));
  }
  for (const double q : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = durations[static_cast<size_t>(q * static_cast<double>(durations.size()))];
    CHECK(mixed.value().Quantile(q) == Approx(exact).epsilon(0.1).scale(0));
  }
}

TEST_CASE("histograms of replicas add up, and an earlier value can be taken off again") {
  Histogram first;
  Histogram second;
  first.Observe(milliseconds(1), 3);
  second.Observe(milliseconds(400), 5);
  HistogramValue sum = first.value();
  sum += second.value();
  CHECK(sum.count() == 8);
  CHECK(sum.sum == Approx(2.003));
  sum -= first.value();
  CHECK(sum.counts == second.value().counts);
}

TEST_CASE("threads may observe while the value is read") {
  Histogram histogram;
  std::vector<std::future<void>> observing;
  for (int thread = 0; thread < 4; ++thread) {
    observing.push_back(std::async(std::launch::async, [&] {
      for (int i = 0; i < 50'000; ++i) histogram.Observe(milliseconds(2));
    }));
  }
  CHECK(histogram.value().count() <= 200'000);
  observing.clear();
  CHECK(histogram.value().counts[BucketOf(2e-3)] == 200'000);
  CHECK(histogram.value().sum == Approx(400));
}

}  // namespace rk
