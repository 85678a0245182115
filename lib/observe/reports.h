#pragma once

#include <chrono>

#include "lib/base/log.h"
#include "lib/observe/metrics.h"

namespace rk {

/// A process's report of its metrics: every `interval` one info line (ReportLine) if anything
/// changed since the last, and as it is destroyed one with the totals (TotalLine). Decides by the
/// clock that it is handed. One thread at a time.
class Reports {
 public:
  using Clock = std::chrono::steady_clock;

  /// `metrics` must outlive this. An interval of 0 reports nothing.
  Reports(const Metrics& metrics, std::chrono::milliseconds interval, Log log,
          Clock::time_point now);
  ~Reports();
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;

  /// Reports if that is due.
  void OnTick(Clock::time_point now);
  /// When it is; the clock's end if never.
  Clock::time_point next_due() const { return due_; }

 private:
  const Metrics& metrics_;
  std::chrono::milliseconds interval_;
  Log log_;
  Clock::time_point began_;
  Clock::time_point last_;
  Clock::time_point due_ = Clock::time_point::max();
  MetricsSnapshot reported_;
};

}  // namespace rk
