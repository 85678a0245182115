#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "lib/observe/histogram.h"
#include "lib/observe/snapshot.h"

namespace rk {

/// A number that only grows, or (by Set) a level. Any thread.
class Metric {
 public:
  void Add(uint64_t count) { value_.fetch_add(count, std::memory_order_relaxed); }
  void Set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

/// One of the numbers of a name that has several.
struct LabelledNumber {
  std::string labels;
  uint64_t value = 0;
};

/// The counters, gauges and histograms of one process, in the order they were made. Any thread.
class Metrics {
 public:
  Metrics() = default;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// References stay valid as long as this object; the same name gives the same one. Names are
  /// lower_snake_case without `rk_`; that of a histogram ends in `_seconds`.
  Metric& Counter(const std::string& name);
  Metric& Gauge(const std::string& name);
  rk::Histogram& Histogram(const std::string& name);

  /// A number for each of several labels (NumberSample). Replaces what there was of that name, so
  /// that what is not of interest any more, a partition that another reader has, is gone.
  void SetAll(const std::string& name, MetricKind kind, std::vector<LabelledNumber> numbers);

  /// All of them as they are now.
  MetricsSnapshot Snapshot() const;

 private:
  struct Number {
    std::string name;
    MetricKind kind = MetricKind::kCounter;
    Metric metric;
  };

  struct Durations {
    std::string name;
    rk::Histogram histogram;
  };

  Metric& Find(const std::string& name, MetricKind kind);

  mutable std::mutex mutex_;
  std::deque<Number> numbers_;  ///< guarded by mutex_, as is durations_; deques: nothing moves
  std::deque<Durations> durations_;
  std::map<std::string, std::vector<NumberSample>> labelled_;
};

}  // namespace rk
