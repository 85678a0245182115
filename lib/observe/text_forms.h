#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/observe/snapshot.h"

namespace rk {

/// Every text that is made of a MetricsSnapshot, but for those of a whole pipeline
/// (lib/observe/pipeline_status.h). Pure functions: any thread.

/// `report records_in=… records_in_rate=… lag=…`: a rate in 1/s over the `seconds` since `before`
/// follows each counter, then come `latency_seconds_p50=… latency_seconds_p99=…` of each histogram
/// that something was added to since. Empty if nothing changed.
std::string ReportLine(const MetricsSnapshot& now, const MetricsSnapshot& before, double seconds);

/// `total seconds=… records_in=…`, of everything since the process began `seconds` ago. Empty if
/// nothing was ever counted.
std::string TotalLine(const MetricsSnapshot& now, double seconds);

/// What a stage tells its supervisor, in one line without its end:
/// `metrics rk_records_in_total=123 rk_lag_records=7 rk_latency_seconds=SUM:C0,C1,…`, where SUM
/// is in seconds and the counts are those of the buckets of kHistogramBounds.
std::string WireLine(const MetricsSnapshot& now);
/// The way back; what is not of that form in `line` is left out.
MetricsSnapshot ParseWireLine(std::string_view line);

/// A snapshot and what it is of: `pipeline="credit",stage="infer"`.
struct LabelledSnapshot {
  std::string labels;
  MetricsSnapshot metrics;
};

/// Prometheus' text format: the samples of a name stand together, after its HELP and TYPE.
std::string PrometheusText(const std::vector<LabelledSnapshot>& snapshots);

/// The name of a metric where others than rk see it: rk_records_in_total.
std::string PublicName(std::string_view name, MetricKind kind);

}  // namespace rk
