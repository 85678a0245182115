#include "lib/observe/snapshot.h"

#include <algorithm>

namespace rk {
namespace {

template <typename Samples>
auto Find(Samples& samples, std::string_view name) {
  return std::ranges::find_if(samples, [&](const auto& sample) { return sample.name == name; });
}

template <typename Sample>
void AddUp(std::vector<Sample>& sums, const std::vector<Sample>& others) {
  for (const Sample& other : others) {
    const auto found = Find(sums, other.name);
    if (found == sums.end()) {
      sums.push_back(other);
    } else {
      found->value += other.value;
    }
  }
}

}  // namespace

uint64_t MetricsSnapshot::number(std::string_view name) const {
  const auto found = Find(numbers, name);
  return found == numbers.end() ? 0 : found->value;
}

HistogramValue MetricsSnapshot::histogram(std::string_view name) const {
  const auto found = Find(histograms, name);
  return found == histograms.end() ? HistogramValue{} : found->value;
}

bool MetricsSnapshot::Has(std::string_view name) const {
  return Find(numbers, name) != numbers.end() || Find(histograms, name) != histograms.end();
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
