#pragma once

#include <optional>
#include <string_view>

namespace rk {

/// What a metric counts, for those who see only its name.
struct MetricDescription {
  std::string_view name;  ///< as in MetricsSnapshot
  std::string_view unit;  ///< records, batches, bytes, seconds, …
  std::string_view help;  ///< a sentence
};

/// Nullopt for a name that no metric of rk has. Any thread.
std::optional<MetricDescription> DescribeMetric(std::string_view name);

}  // namespace rk
