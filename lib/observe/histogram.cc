#include "lib/observe/histogram.h"

#include <algorithm>
#include <numeric>

namespace rk {

uint64_t HistogramValue::count() const {
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

double HistogramValue::Quantile(double q) const {
  const double rank = q * static_cast<double>(count());
  double below = 0;
  for (size_t bucket = 0; bucket < kHistogramBounds.size(); ++bucket) {
    const auto here = static_cast<double>(counts[bucket]);
    if (here > 0 && below + here >= rank) {
      const double lower = bucket == 0 ? 0 : kHistogramBounds[bucket - 1];
      return lower + (kHistogramBounds[bucket] - lower) * std::max(rank - below, 0.0) / here;
    }
    below += here;
  }
  return counts.back() > 0 ? kHistogramBounds.back() : 0;
}

HistogramValue& HistogramValue::operator+=(const HistogramValue& other) {
  sum += other.sum;
  for (size_t bucket = 0; bucket < kHistogramBuckets; ++bucket)
    counts[bucket] += other.counts[bucket];
  return *this;
}

HistogramValue& HistogramValue::operator-=(const HistogramValue& other) {
  sum -= other.sum;
  for (size_t bucket = 0; bucket < kHistogramBuckets; ++bucket)
    counts[bucket] -= other.counts[bucket];
  return *this;
}

void Histogram::Observe(std::chrono::nanoseconds duration, uint64_t times) {
  const auto ns = static_cast<uint64_t>(std::max<int64_t>(duration.count(), 0));
  const auto bucket = std::lower_bound(kHistogramBounds.begin(), kHistogramBounds.end(),
                                       static_cast<double>(ns) / 1e9) -
                      kHistogramBounds.begin();
  counts_[static_cast<size_t>(bucket)].fetch_add(times, std::memory_order_relaxed);
  sum_ns_.fetch_add(ns * times, std::memory_order_relaxed);
}

HistogramValue Histogram::value() const {
  HistogramValue value;
  for (size_t bucket = 0; bucket < kHistogramBuckets; ++bucket)
    value.counts[bucket] = counts_[bucket].load(std::memory_order_relaxed);
  value.sum = static_cast<double>(sum_ns_.load(std::memory_order_relaxed)) / 1e9;
  return value;
}

}  // namespace rk
