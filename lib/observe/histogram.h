#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace rk {

/// The upper bounds in seconds, inclusive, of the buckets of every histogram: the same ones
/// everywhere, so that those of replicas can be added up. From 100 us to a minute each is at most a
/// tenth above the one before, so whatever is read from them, by us or by Prometheus, is right
/// within 10 %. One more bucket holds what is longer.
inline constexpr std::array kHistogramBounds = [] {
  // 25 to a decade: the numbers 10^(n/25), rounded so that no step is above a tenth.
  constexpr std::array kSteps = {1.00, 1.10, 1.20, 1.32, 1.45, 1.59, 1.74, 1.91, 2.09,
                                 2.29, 2.51, 2.75, 3.02, 3.31, 3.63, 3.98, 4.37, 4.79,
                                 5.25, 5.75, 6.31, 6.92, 7.59, 8.32, 9.12};
  constexpr std::array kBelow = {10e-6, 20e-6, 50e-6, 92e-6};  // nothing that matters is shorter
  constexpr size_t kUpToAMinute = 20;                          // of the decade that begins at 10 s
  std::array<double, kBelow.size() + 5 * kSteps.size() + kUpToAMinute + 1> bounds{};
  size_t count = 0;
  for (const double bound : kBelow) bounds[count++] = bound;
  for (const double decade : {1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0}) {
    for (const double step : kSteps) {
      if (count + 1 < bounds.size()) bounds[count++] = step * decade;
    }
  }
  bounds[count] = 60;
  return bounds;
}();
inline constexpr size_t kHistogramBuckets = kHistogramBounds.size() + 1;

/// What a histogram held at one time; a value that can be added up and taken apart again.
struct HistogramValue {
  double sum = 0;  ///< seconds
  std::array<uint64_t, kHistogramBuckets> counts{};

  uint64_t count() const;
  /// The duration in seconds that a share `q`, 0 to 1, of them does not exceed, interpolated within
  /// its bucket as Prometheus does it; the highest bound for what lies above it, 0 for none at all.
  double Quantile(double q) const;

  HistogramValue& operator+=(const HistogramValue& other);
  /// `other` is an earlier value of the same histogram.
  HistogramValue& operator-=(const HistogramValue& other);
  bool operator==(const HistogramValue&) const = default;
};

/// How long something took, each time, since the process began. Any thread, no lock.
class Histogram {
 public:
  /// A negative one (clocks of two machines) counts as 0. `times` of the same, at once.
  void Observe(std::chrono::nanoseconds duration, uint64_t times = 1);
  /// Counts that come meanwhile may be in the one and not yet in the sum.
  HistogramValue value() const;

 private:
  std::array<std::atomic<uint64_t>, kHistogramBuckets> counts_{};
  std::atomic<uint64_t> sum_ns_ = 0;
};

}  // namespace rk
