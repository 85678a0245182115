#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace rk {

/// The upper bounds in seconds, inclusive, of the buckets of every histogram: the same ones
/// everywhere, so that those of replicas can be added up. One more bucket holds what is longer.
inline constexpr std::array kHistogramBounds = {50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3,
                                                10e-3, 20e-3,  50e-3,  0.1,    0.2,  0.5,  1.0,
                                                2.0,   5.0,    10.0,   20.0,   60.0};
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
