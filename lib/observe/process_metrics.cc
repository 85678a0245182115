#include "lib/observe/process_metrics.h"

#include <charconv>
#include <optional>

namespace rk {
namespace {

constexpr std::string_view kLine = "metrics";

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

}  // namespace

uint64_t ProcessMetrics::number(std::string_view name) const {
  const auto found = numbers.find(name);
  return found == numbers.end() ? 0 : found->second;
}

HistogramValue ProcessMetrics::histogram(std::string_view name) const {
  const auto found = histograms.find(name);
  return found == histograms.end() ? HistogramValue{} : found->second;
}

ProcessMetrics& ProcessMetrics::operator+=(const ProcessMetrics& other) {
  for (const auto& [name, number] : other.numbers) numbers[name] += number;
  for (const auto& [name, histogram] : other.histograms) histograms[name] += histogram;
  return *this;
}

ProcessMetrics ProcessMetrics::Lasting() const {
  ProcessMetrics lasting = *this;
  std::erase_if(lasting.numbers,
                [](const auto& entry) { return !entry.first.ends_with("_total"); });
  return lasting;
}

ProcessMetrics ParseMetrics(std::string_view line) {
  ProcessMetrics metrics;
  if (Cut(line, ' ') != kLine) return metrics;
  while (!line.empty()) {
    std::string_view value = Cut(line, ' ');
    const std::string name(Cut(value, '='));
    if (value.find(':') != std::string_view::npos) {
      if (const auto histogram = ToHistogram(value)) metrics.histograms[name] = *histogram;
    } else if (const auto number = ToNumber<uint64_t>(value)) {
      metrics.numbers[name] = *number;
    }
  }
  return metrics;
}

}  // namespace rk
