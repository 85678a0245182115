#include "lib/load/tally.h"

#include <algorithm>
#include <cmath>

namespace rk {
namespace {

constexpr double kGrowth = 1.01;  // from one bucket's upper bound to the next's
constexpr double kFirstBoundNs = 1000;

}  // namespace

void LatencyHistogram::Add(std::chrono::nanoseconds latency) {
  const double ns = std::max(static_cast<double>(latency.count()), kFirstBoundNs);
  const auto bucket =
      static_cast<size_t>(std::ceil(std::log(ns / kFirstBoundNs) / std::log(kGrowth)));
  ++counts_.at(std::min(bucket, counts_.size() - 1));
  ++count_;
}

std::chrono::nanoseconds LatencyHistogram::Quantile(double q) const {
  if (count_ == 0) return {};
  const auto rank =
      std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(q * static_cast<double>(count_))));
  uint64_t below = 0;
  size_t bucket = 0;
  while ((below += counts_.at(bucket)) < rank) ++bucket;
  return std::chrono::nanoseconds(
      std::llround(kFirstBoundNs * std::pow(kGrowth, static_cast<double>(bucket))));
}

void Tally::Add(uint64_t id, std::chrono::nanoseconds latency) {
  if (id >= seen_.size()) {
    ++unknown_;
    return;
  }
  if (seen_[id]) {
    ++duplicates_;
    return;
  }
  seen_[id] = true;
  ++distinct_;
  latencies_.Add(latency);
  uint64_t& last = last_[id % last_.size()];
  if (id < last) ++disordered_;
  last = std::max(last, id + 1);
}

}  // namespace rk
