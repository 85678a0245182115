#include "lib/observe/snapshot.h"

#include <algorithm>

namespace rk {
namespace {

template <typename Samples>
auto Find(Samples& samples, std::string_view name) {
  return std::ranges::find_if(samples, [&](const auto& sample) { return sample.name == name; });
}

bool AreSame(const NumberSample& one, const NumberSample& other) {
  return one.name == other.name && one.labels == other.labels;
}

bool AreSame(const HistogramSample& one, const HistogramSample& other) {
  return one.name == other.name;
}

template <typename Sample>
void AddUp(std::vector<Sample>& sums, const std::vector<Sample>& others) {
  for (const Sample& other : others) {
    const auto found =
        std::ranges::find_if(sums, [&](const Sample& sum) { return AreSame(sum, other); });
    if (found == sums.end()) {
      sums.push_back(other);
    } else {
      found->value += other.value;
    }
  }
}

}  // namespace

uint64_t MetricsSnapshot::number(std::string_view name) const {
  uint64_t sum = 0;
  for (const NumberSample& sample : numbers) {
    if (sample.name == name) sum += sample.value;
  }
  return sum;
}

std::vector<NumberSample> MetricsSnapshot::all(std::string_view name) const {
  std::vector<NumberSample> samples;
  for (const NumberSample& sample : numbers) {
    if (sample.name == name) samples.push_back(sample);
  }
  return samples;
}

HistogramValue MetricsSnapshot::histogram(std::string_view name) const {
  const auto found = Find(histograms, name);
  return found == histograms.end() ? HistogramValue{} : found->value;
}

bool MetricsSnapshot::Has(std::string_view name) const {
  return Find(numbers, name) != numbers.end() || Find(histograms, name) != histograms.end();
}

std::string LabelOf(const NumberSample& sample, std::string_view label) {
  const std::string begin = std::string(label) + "=\"";
  const size_t at = sample.labels.find(begin);
  if (at == std::string::npos || (at > 0 && sample.labels[at - 1] != ',')) return "";
  const size_t from = at + begin.size();
  return sample.labels.substr(from, sample.labels.find('"', from) - from);
}

MetricsSnapshot& MetricsSnapshot::operator+=(const MetricsSnapshot& other) {
  AddUp(numbers, other.numbers);
  AddUp(histograms, other.histograms);
  return *this;
}

MetricsSnapshot MetricsSnapshot::Lasting() const {
  MetricsSnapshot lasting = *this;
  std::erase_if(lasting.numbers,
                [](const NumberSample& sample) { return sample.kind != MetricKind::kCounter; });
  return lasting;
}

}  // namespace rk
