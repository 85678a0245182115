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

/// What a stage tells its supervisor, in lines without their ends:
/// `metrics rk_records_in_total=123 rk_failures_total{code="type"}=7
/// rk_latency_seconds=SUM:B:N,B:N`, where SUM is in seconds, and N of it are in bucket B, counted
/// from 0, of kHistogramBounds. Each line is shorter than PIPE_BUF; those after the first begin
/// with `more`.
std::vector<std::string> WireLines(const MetricsSnapshot& now);
/// The way back: a line that begins with `metrics` replaces what `metrics` was, one with `more` is
/// added to it. What is not of that form is left out.
void TakeWireLine(std::string_view line, MetricsSnapshot& metrics);

/// A snapshot and what it is of: `pipeline="credit",stage="infer"`.
struct LabelledSnapshot {
  std::string labels;
  MetricsSnapshot metrics;
};

/// Prometheus' text format 0.0.4, or OpenMetrics 1.0.0.
enum class Exposition { kPrometheus, kOpenMetrics };

/// OpenMetrics for those whose Accept header names it.
Exposition ExpositionFor(std::string_view accept);
std::string_view ContentType(Exposition form);

/// The samples of a name stand together, after its HELP and TYPE.
std::string PrometheusText(const std::vector<LabelledSnapshot>& snapshots,
                           Exposition form = Exposition::kPrometheus);

/// The name of a metric where others than rk see it: rk_records_in_total.
std::string PublicName(std::string_view name, MetricKind kind);

}  // namespace rk
