#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/observe/histogram.h"

namespace rk {

enum class MetricKind { kCounter, kGauge, kHistogram };

/// A counter or a gauge, as it was at one time.
struct NumberSample {
  std::string name;  ///< lower_snake_case, without `rk_` and `_total`
  MetricKind kind = MetricKind::kCounter;
  uint64_t value = 0;
  /// What tells it from others of the same name, as Prometheus writes it:
  /// `topic="a",partition="0"`, without spaces. Most have none.
  std::string labels = {};

  bool operator==(const NumberSample&) const = default;
};

/// The value of `label` in the labels of a sample; empty if there is none.
std::string LabelOf(const NumberSample& sample, std::string_view label);

struct HistogramSample {
  std::string name;  ///< ends in `_seconds`
  HistogramValue value;

  bool operator==(const HistogramSample&) const = default;
};

/// What one process, or several together, have counted at one time, in the order in which they
/// began to. What a name means, and in which unit, says DescribeMetric() (lib/observe/catalog.h).
/// A value: it can be added up, and each text form is made from it (lib/observe/text_forms.h).
struct MetricsSnapshot {
  std::vector<NumberSample> numbers;  ///< counters and gauges
  std::vector<HistogramSample> histograms;

  /// 0, or an empty one, for what is not there; a number with several labels is their sum.
  uint64_t number(std::string_view name) const;
  HistogramValue histogram(std::string_view name) const;
  bool Has(std::string_view name) const;
  /// The samples of that name, one for each of its labels.
  std::vector<NumberSample> all(std::string_view name) const;

  MetricsSnapshot& operator+=(const MetricsSnapshot& other);
  /// What outlives a process: its counters and histograms, without its gauges.
  MetricsSnapshot Lasting() const;
  bool operator==(const MetricsSnapshot&) const = default;
};

}  // namespace rk
