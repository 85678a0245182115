#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "lib/observe/snapshot.h"

namespace rk {

/// What a metric counts, for those who see only its name.
struct MetricDescription {
  std::string_view name;  ///< as in MetricsSnapshot
  MetricKind kind = MetricKind::kCounter;
  std::string_view unit;  ///< records, batches, bytes, seconds, …
  std::string_view help;  ///< a sentence
};

/// Every metric of rk, by name. Any thread.
std::span<const MetricDescription> AllMetrics();

/// Nullopt for a name that no metric of rk has. Any thread.
std::optional<MetricDescription> DescribeMetric(std::string_view name);

}  // namespace rk
