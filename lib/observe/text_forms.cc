#include "lib/observe/text_forms.h"

#include <charconv>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/observe/catalog.h"

namespace rk {
namespace {

constexpr std::string_view kWire = "metrics";
constexpr std::string_view kPrefix = "rk_";
constexpr std::string_view kCounterSuffix = "_total";

std::string NumberField(const NumberSample& sample, double rate) {
  if (sample.kind != MetricKind::kCounter) return fmt::format(" {}={}", sample.name, sample.value);
  return fmt::format(" {0}={1} {0}_rate={2:.1f}", sample.name, sample.value, rate);
}

std::string QuantileFields(const std::string& name, const HistogramValue& value) {
  return fmt::format(" {0}_p50={1:.6f} {0}_p99={2:.6f}", name, value.Quantile(0.5),
                     value.Quantile(0.99));
}

// The part of `text` up to `end`, which is taken off, with `end`.
std::string_view Cut(std::string_view& text, char end) {
  const size_t at = text.find(end);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

template <typename Number>
std::optional<Number> ToNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<HistogramValue> ToHistogram(std::string_view text) {
  HistogramValue value;
  const auto sum = ToNumber<double>(Cut(text, ':'));
  if (!sum) return std::nullopt;
  value.sum = *sum;
  for (uint64_t& count : value.counts) {
    const auto number = ToNumber<uint64_t>(Cut(text, ','));
    if (!number) return std::nullopt;
    count = *number;
  }
  return value;
}

NumberSample NumberOf(std::string_view public_name, uint64_t value) {
  const bool counter = public_name.ends_with(kCounterSuffix);
  if (counter) public_name.remove_suffix(kCounterSuffix.size());
  return {std::string(public_name), counter ? MetricKind::kCounter : MetricKind::kGauge, value};
}

std::string_view TypeOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return "counter";
    case MetricKind::kGauge:
      return "gauge";
    case MetricKind::kHistogram:
      return "histogram";
  }
  return "untyped";
}

std::string FamilyHead(std::string_view name, MetricKind kind) {
  const std::string known = PublicName(name, kind);
  std::string head;
  if (const auto described = DescribeMetric(name))
    head = fmt::format("# HELP {} {} Unit: {}.\n", known, described->help, described->unit);
  return head + fmt::format("# TYPE {} {}\n", known, TypeOf(kind));
}

std::string HistogramSamples(std::string_view name, const std::string& labels,
                             const HistogramValue& value) {
  const std::string known = PublicName(name, MetricKind::kHistogram);
  std::string text;
  uint64_t sum = 0;
  for (size_t bucket = 0; bucket < kHistogramBuckets; ++bucket) {
    sum += value.counts[bucket];
    const std::string bound =
        bucket < kHistogramBounds.size() ? fmt::format("{:g}", kHistogramBounds[bucket]) : "+Inf";
    text += fmt::format("{}_bucket{{{},le=\"{}\"}} {}\n", known, labels, bound, sum);
  }
  return text + fmt::format("{0}_sum{{{1}}} {2:.9f}\n{0}_count{{{1}}} {3}\n", known, labels,
                            value.sum, sum);
}

// The texts of families in the order of their first samples.
class Families {
 public:
  std::string& Of(std::string_view name, MetricKind kind) {
    const auto [at, fresh] = places_.try_emplace(std::string(name), texts_.size());
    if (fresh) texts_.push_back(FamilyHead(name, kind));
    return texts_[at->second];
  }
  std::string Text() const { return fmt::format("{}", fmt::join(texts_, "")); }

 private:
  std::map<std::string, size_t> places_;
  std::vector<std::string> texts_;
};

}  // namespace

std::string ReportLine(const MetricsSnapshot& now, const MetricsSnapshot& before, double seconds) {
  std::string report = "report";
  bool changed = false;
  for (const NumberSample& sample : now.numbers) {
    const uint64_t past = before.number(sample.name);
    changed |= sample.value != past;
    report += NumberField(sample, static_cast<double>(sample.value - past) / seconds);
  }
  for (const HistogramSample& sample : now.histograms) {
    HistogramValue since = sample.value;
    since -= before.histogram(sample.name);
    if (since.count() == 0) continue;
    changed = true;
    report += QuantileFields(sample.name, since);
  }
  return changed ? report : "";
}

std::string TotalLine(const MetricsSnapshot& now, double seconds) {
  std::string total = fmt::format("total seconds={:.1f}", seconds);
  bool counted = false;
  for (const NumberSample& sample : now.numbers) {
    counted |= sample.value != 0;
    total += NumberField(sample, static_cast<double>(sample.value) / seconds);
  }
  for (const HistogramSample& sample : now.histograms) {
    if (sample.value.count() == 0) continue;
    counted = true;
    total += QuantileFields(sample.name, sample.value);
  }
  return counted ? total : "";
}

std::string WireLine(const MetricsSnapshot& now) {
  std::string line(kWire);
  for (const NumberSample& sample : now.numbers)
    line += fmt::format(" {}={}", PublicName(sample.name, sample.kind), sample.value);
  for (const HistogramSample& sample : now.histograms)
    line += fmt::format(" {}={:.9f}:{}", PublicName(sample.name, MetricKind::kHistogram),
                        sample.value.sum, fmt::join(sample.value.counts, ","));
  return line;
}

MetricsSnapshot ParseWireLine(std::string_view line) {
  MetricsSnapshot metrics;
  if (Cut(line, ' ') != kWire) return metrics;
  while (!line.empty()) {
    std::string_view value = Cut(line, ' ');
    std::string_view name = Cut(value, '=');
    if (!name.starts_with(kPrefix)) continue;
    name.remove_prefix(kPrefix.size());
    if (value.find(':') != std::string_view::npos) {
      if (const auto histogram = ToHistogram(value))
        metrics.histograms.push_back({std::string(name), *histogram});
    } else if (const auto number = ToNumber<uint64_t>(value)) {
      metrics.numbers.push_back(NumberOf(name, *number));
    }
  }
  return metrics;
}

std::string PrometheusText(const std::vector<LabelledSnapshot>& snapshots) {
  Families families;
  for (const auto& [labels, metrics] : snapshots) {
    for (const NumberSample& sample : metrics.numbers)
      families.Of(sample.name, sample.kind) +=
          fmt::format("{}{{{}}} {}\n", PublicName(sample.name, sample.kind), labels, sample.value);
    for (const HistogramSample& sample : metrics.histograms)
      families.Of(sample.name, MetricKind::kHistogram) +=
          HistogramSamples(sample.name, labels, sample.value);
  }
  return families.Text();
}

std::string PublicName(std::string_view name, MetricKind kind) {
  return fmt::format("{}{}{}", kPrefix, name, kind == MetricKind::kCounter ? kCounterSuffix : "");
}

}  // namespace rk
