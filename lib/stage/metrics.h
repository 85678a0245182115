#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "lib/batch/log.h"

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

/// The counters and gauges of one process, in the order they were made, and the report of them on
/// stderr: every `interval` one info line `report records_in=… records_in_rate=… lag=…` (a rate in
/// 1/s since the last report follows each counter), if anything changed since the last; a last one
/// with totals at Stop(). An interval of 0 reports nothing.
class Metrics {
 public:
  Metrics() = default;
  ~Metrics();

  /// References stay valid as long as this object. Names are lower_snake_case without `rk_`.
  Metric& Counter(const std::string& name);
  Metric& Gauge(const std::string& name);

  void StartReports(std::chrono::milliseconds interval, Log log);
  void Stop();
};

}  // namespace rk
