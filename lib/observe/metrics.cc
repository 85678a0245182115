#include "lib/observe/metrics.h"

#include <algorithm>
#include <utility>

namespace rk {
namespace {

template <typename Entries>
auto FindNamed(Entries& entries, const std::string& name) {
  return std::find_if(entries.begin(), entries.end(),
                      [&](const auto& entry) { return entry.name == name; });
}

}  // namespace

Metric& Metrics::Counter(const std::string& name) { return Find(name, MetricKind::kCounter); }

Metric& Metrics::Gauge(const std::string& name) { return Find(name, MetricKind::kGauge); }

Metric& Metrics::Find(const std::string& name, MetricKind kind) {
  const std::lock_guard lock(mutex_);
  const auto found = FindNamed(numbers_, name);
  if (found != numbers_.end()) return found->metric;
  Number& number = numbers_.emplace_back();
  number.name = name;
  number.kind = kind;
  return number.metric;
}

Histogram& Metrics::Histogram(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = FindNamed(durations_, name);
  if (found != durations_.end()) return found->histogram;
  Durations& durations = durations_.emplace_back();
  durations.name = name;
  return durations.histogram;
}

void Metrics::SetAll(const std::string& name, MetricKind kind,
                     std::vector<LabelledNumber> numbers) {
  std::vector<NumberSample> samples;
  for (LabelledNumber& number : numbers)
    samples.push_back({name, kind, number.value, std::move(number.labels)});
  const std::lock_guard lock(mutex_);
  labelled_[name] = std::move(samples);
}

MetricsSnapshot Metrics::Snapshot() const {
  const std::lock_guard lock(mutex_);
  MetricsSnapshot snapshot;
  for (const Number& number : numbers_)
    snapshot.numbers.push_back({number.name, number.kind, number.metric.value()});
  for (const auto& [name, samples] : labelled_)
    snapshot.numbers.insert(snapshot.numbers.end(), samples.begin(), samples.end());
  for (const Durations& durations : durations_)
    snapshot.histograms.push_back({durations.name, durations.histogram.value()});
  return snapshot;
}

}  // namespace rk
