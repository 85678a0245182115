#include "lib/observe/histogram.h"

#include <future>
#include <vector>

#include <catch2/catch.hpp>

namespace rk {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST_CASE("the bounds rise, from 50 us to a minute, by a factor of 3 at most") {
  CHECK(kHistogramBounds.front() == 50e-6);
  CHECK(kHistogramBounds.back() == 60);
  for (size_t i = 1; i < kHistogramBounds.size(); ++i) {
    CHECK(kHistogramBounds[i] > kHistogramBounds[i - 1]);
    CHECK(kHistogramBounds[i] <= 3 * kHistogramBounds[i - 1]);
  }
}

TEST_CASE("a duration is in the bucket whose bound it does not exceed") {
  const auto [duration, bucket] = GENERATE(table<nanoseconds, size_t>({
      {nanoseconds(-5), 0},
      {nanoseconds(0), 0},
      {microseconds(50), 0},
      {nanoseconds(50'001), 1},
      {milliseconds(1), 4},
      {milliseconds(50), 9},
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
  value.counts[4] = 100;  // 500 us to 1 ms
  CHECK(value.Quantile(0) == Approx(500e-6));
  CHECK(value.Quantile(0.5) == Approx(750e-6));
  CHECK(value.Quantile(1) == Approx(1e-3));
  value.counts[7] = 100;  // 5 to 10 ms
  CHECK(value.Quantile(0.5) == Approx(1e-3));
  CHECK(value.Quantile(0.75) == Approx(7.5e-3));
  value.counts.back() = 800;
  CHECK(value.Quantile(0.99) == 60);
}

TEST_CASE("quantiles of durations of every size are right within their bucket") {
  Histogram histogram;
  std::vector<double> durations;
  for (double duration = 60e-6; duration < 50; duration *= 1.01) {
    durations.push_back(duration);
    histogram.Observe(nanoseconds(static_cast<int64_t>(duration * 1e9)));
  }
  for (const double q : {0.01, 0.25, 0.5, 0.9, 0.99}) {
    const double exact = durations[static_cast<size_t>(q * static_cast<double>(durations.size()))];
    const double found = histogram.value().Quantile(q);
    CHECK(found < exact * 2.5);
    CHECK(found > exact / 2.5);
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
  CHECK(histogram.value().counts[5] == 200'000);
  CHECK(histogram.value().sum == Approx(400));
}

}  // namespace rk
