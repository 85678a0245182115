#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "lib/base/log.h"
#include "lib/observe/histogram.h"

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

/// The counters, gauges and histograms of one process, in the order they were made, and the report
/// of them on stderr: every `interval` one info line `report records_in=… records_in_rate=… lag=…`
/// (a rate in 1/s since the last report follows each counter), then `latency_seconds_p50=…
/// latency_seconds_p99=…` of each histogram that something was added to since the last, if anything
/// changed since then; and at Stop() one `total seconds=… records_in=…`, with the rates and
/// quantiles over all that time, if anything was ever counted. An interval of 0 reports nothing.
///
/// Counter(), Gauge(), Histogram() and Export() may be called from any thread at any time, the rest
/// from one thread.
class Metrics {
 public:
  Metrics() = default;
  /// Calls Stop().
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// References stay valid as long as this object; the same name gives the same one. Names are
  /// lower_snake_case without `rk_`; that of a histogram ends in `_seconds`.
  Metric& Counter(const std::string& name);
  Metric& Gauge(const std::string& name);
  rk::Histogram& Histogram(const std::string& name);

  /// All of them as they are now, for a supervisor, in one line without its end:
  /// `metrics rk_records_in_total=123 rk_lag_records=7 rk_latency_seconds=SUM:C0,C1,…`, where SUM
  /// is in seconds and the counts are those of the buckets of kHistogramBounds.
  std::string Export();

  /// At most once.
  void StartReports(std::chrono::milliseconds interval, Log log);
  void Stop();

 private:
  using Clock = std::chrono::steady_clock;

  struct Entry {
    std::string name;
    bool is_counter = false;
    Metric metric;
    uint64_t reported = 0;  ///< value in the last report
  };

  struct Durations {
    std::string name;
    rk::Histogram histogram;
    HistogramValue reported;  ///< value in the last report
  };

  Metric& Find(const std::string& name, bool is_counter);
  void RunReports(std::chrono::milliseconds interval);
  std::string Report(double seconds);
  std::string Total(double seconds);

  std::mutex mutex_;
  std::deque<Entry> entries_;  ///< guarded by mutex_, as are durations_ and stop_
  std::deque<Durations> durations_;
  bool stop_ = false;
  std::condition_variable stop_changed_;
  Log log_;
  Clock::time_point started_;
  std::thread thread_;
};

}  // namespace rk
