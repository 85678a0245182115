#include "lib/observe/text_forms.h"

#include <limits.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/observe/catalog.h"

namespace rk {
namespace {

constexpr std::string_view kWire = "metrics";
constexpr std::string_view kMoreWire = "more";
constexpr size_t kLongestWireLine = PIPE_BUF - 1;  // its end is a byte
constexpr std::string_view kPrefix = "rk_";
constexpr std::string_view kCounterSuffix = "_total";

// With the value of its label, as words of a log are: failures_missing_field.
std::string FieldName(const NumberSample& sample) {
  std::string_view label = sample.labels;
  if (label.empty()) return sample.name;
  label.remove_prefix(label.find('"') + 1);
  std::string name = fmt::format("{}_{}", sample.name, label.substr(0, label.find('"')));
  std::ranges::replace(name, '-', '_');
  return name;
}

// A level of each partition is for other eyes than a log's.
bool IsReported(const NumberSample& sample) {
  return sample.labels.empty() || sample.kind == MetricKind::kCounter;
}

uint64_t ValueOf(const MetricsSnapshot& metrics, const NumberSample& like) {
  for (const NumberSample& sample : metrics.numbers) {
    if (sample.name == like.name && sample.labels == like.labels) return sample.value;
  }
  return 0;
}

std::string NumberField(const NumberSample& sample, double rate) {
  const std::string name = FieldName(sample);
  if (sample.kind != MetricKind::kCounter) return fmt::format(" {}={}", name, sample.value);
  return fmt::format(" {0}={1} {0}_rate={2:.1f}", name, sample.value, rate);
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
  while (!text.empty()) {
    std::string_view count = Cut(text, ',');
    const auto bucket = ToNumber<size_t>(Cut(count, ':'));
    const auto number = ToNumber<uint64_t>(count);
    if (!bucket || !number || *bucket >= kHistogramBuckets) return std::nullopt;
    value.counts[*bucket] = *number;
  }
  return value;
}

std::string HistogramText(const HistogramSample& sample) {
  std::string text =
      fmt::format("{}={:.9f}:", PublicName(sample.name, MetricKind::kHistogram), sample.value.sum);
  std::string_view between;
  for (size_t bucket = 0; bucket < kHistogramBuckets; ++bucket) {
    if (sample.value.counts[bucket] == 0) continue;
    text += fmt::format("{}{}:{}", between, bucket, sample.value.counts[bucket]);
    between = ",";
  }
  return text;
}

std::string Braced(std::string_view labels) {
  return labels.empty() ? "" : fmt::format("{{{}}}", labels);
}

// `public_name` may have labels.
NumberSample NumberOf(std::string_view public_name, uint64_t value) {
  std::string_view name = Cut(public_name, '{');
  if (public_name.ends_with('}')) public_name.remove_suffix(1);
  const bool counter = name.ends_with(kCounterSuffix);
  if (counter) name.remove_suffix(kCounterSuffix.size());
  return {std::string(name), counter ? MetricKind::kCounter : MetricKind::kGauge, value,
          std::string(public_name)};
}

void TakeWireValue(std::string_view text, MetricsSnapshot& metrics) {
  const size_t equals = text.rfind('=');
  if (equals == std::string_view::npos || !text.starts_with(kPrefix)) return;
  const std::string_view name = text.substr(kPrefix.size(), equals - kPrefix.size());
  const std::string_view value = text.substr(equals + 1);
  if (value.find(':') != std::string_view::npos) {
    if (const auto histogram = ToHistogram(value))
      metrics.histograms.push_back({std::string(name), *histogram});
  } else if (const auto number = ToNumber<uint64_t>(value)) {
    metrics.numbers.push_back(NumberOf(name, *number));
  }
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

std::string UnitLine(std::string_view family, std::string_view unit) {
  const bool names_it = family.size() > unit.size() + 1 && family.ends_with(unit) &&
                        family[family.size() - unit.size() - 1] == '_';
  return names_it ? fmt::format("# UNIT {} {}\n", family, unit) : "";
}

// OpenMetrics names a counter's family without `_total`, and says units on lines of their own.
std::string FamilyHead(std::string_view name, MetricKind kind, Exposition form) {
  const bool open = form == Exposition::kOpenMetrics;
  const std::string family = open ? fmt::format("{}{}", kPrefix, name) : PublicName(name, kind);
  std::string head = fmt::format("# TYPE {} {}\n", family, TypeOf(kind));
  const auto described = DescribeMetric(name);
  if (!described) return head;
  if (open) head += UnitLine(family, described->unit);
  return fmt::format("# HELP {} {} Unit: {}.\n", family, described->help, described->unit) + head;
}

// With a point in both formats, since `le` is a label like others: 1.0 and 1 are two series.
std::string BoundText(double bound) {
  std::string text = fmt::format("{:g}", bound);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string HistogramSamples(std::string_view name, const std::string& labels,
                             const HistogramValue& value) {
  static const std::vector<std::string> bounds = [] {
    std::vector<std::string> texts;
    for (const double bound : kHistogramBounds) texts.push_back(BoundText(bound));
    texts.emplace_back("+Inf");
    return texts;
  }();
  const std::string known = PublicName(name, MetricKind::kHistogram);
  std::string text;
  uint64_t sum = 0;
  for (size_t bucket = 0; bucket < kHistogramBuckets; ++bucket) {
    sum += value.counts[bucket];
    fmt::format_to(std::back_inserter(text), "{}_bucket{{{},le=\"{}\"}} {}\n", known, labels,
                   bounds[bucket], sum);
  }
  return text + fmt::format("{0}_sum{{{1}}} {2:.9f}\n{0}_count{{{1}}} {3}\n", known, labels,
                            value.sum, sum);
}

// The texts of families in the order of their first samples.
class Families {
 public:
  explicit Families(Exposition form) : form_(form) {}

  std::string& Of(std::string_view name, MetricKind kind) {
    const auto [at, fresh] = places_.try_emplace(std::string(name), texts_.size());
    if (fresh) texts_.push_back(FamilyHead(name, kind, form_));
    return texts_[at->second];
  }
  std::string Text() const {
    return fmt::format("{}{}", fmt::join(texts_, ""),
                       form_ == Exposition::kOpenMetrics ? "# EOF\n" : "");
  }

 private:
  Exposition form_;
  std::map<std::string, size_t> places_;
  std::vector<std::string> texts_;
};

}  // namespace

std::string ReportLine(const MetricsSnapshot& now, const MetricsSnapshot& before, double seconds) {
  std::string report = "report";
  bool changed = false;
  for (const NumberSample& sample : now.numbers) {
    if (!IsReported(sample)) continue;
    const uint64_t past = ValueOf(before, sample);
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
    if (!IsReported(sample)) continue;
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

std::vector<std::string> WireLines(const MetricsSnapshot& now) {
  std::vector<std::string> lines = {std::string(kWire)};
  const auto add = [&](const std::string& item) {
    if (lines.back().size() + 1 + item.size() > kLongestWireLine) lines.emplace_back(kMoreWire);
    lines.back() += ' ';
    lines.back() += item;
  };
  for (const NumberSample& sample : now.numbers)
    add(fmt::format("{}{}={}", PublicName(sample.name, sample.kind), Braced(sample.labels),
                    sample.value));
  for (const HistogramSample& sample : now.histograms) add(HistogramText(sample));
  return lines;
}

void TakeWireLine(std::string_view line, MetricsSnapshot& metrics) {
  const std::string_view begin = Cut(line, ' ');
  if (begin != kWire && begin != kMoreWire) return;
  if (begin == kWire) metrics = {};
  while (!line.empty()) TakeWireValue(Cut(line, ' '), metrics);
}

Exposition ExpositionFor(std::string_view accept) {
  return accept.find("application/openmetrics-text") == std::string_view::npos
             ? Exposition::kPrometheus
             : Exposition::kOpenMetrics;
}

std::string_view ContentType(Exposition form) {
  return form == Exposition::kPrometheus
             ? "text/plain; version=0.0.4; charset=utf-8"
             : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

std::string PrometheusText(const std::vector<LabelledSnapshot>& snapshots, Exposition form) {
  Families families(form);
  for (const auto& [labels, metrics] : snapshots) {
    for (const NumberSample& sample : metrics.numbers)
      families.Of(sample.name, sample.kind) +=
          fmt::format("{}{{{}{}{}}} {}\n", PublicName(sample.name, sample.kind), labels,
                      sample.labels.empty() ? "" : ",", sample.labels, sample.value);
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
