#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "lib/observe/histogram.h"

namespace rk {

/// What processes have counted (Metrics::Export(), lib/observe/metrics.h). A value that can be added
/// up. Names are as exported: `rk_records_in_total`, `rk_queue_records`, `rk_queue_wait_seconds`.
struct ProcessMetrics {
  std::map<std::string, uint64_t, std::less<>> numbers;  ///< counters end in _total
  std::map<std::string, HistogramValue, std::less<>> histograms;

  /// 0 for what is not there.
  uint64_t number(std::string_view name) const;
  HistogramValue histogram(std::string_view name) const;

  ProcessMetrics& operator+=(const ProcessMetrics& other);
  /// What outlives a process: its counters and histograms, without its gauges.
  ProcessMetrics Lasting() const;
};

/// Reads a line of Metrics::Export(); what is not of its form in it is left out.
ProcessMetrics ParseMetrics(std::string_view line);

}  // namespace rk
