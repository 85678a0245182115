#include "lib/observe/metrics.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rk {
namespace {

using Seconds = std::chrono::duration<double>;

std::string Field(const std::string& name, bool is_counter, uint64_t value, double rate) {
  if (!is_counter) return fmt::format(" {}={}", name, value);
  return fmt::format(" {}={} {}_rate={:.1f}", name, value, name, rate);
}

std::string Quantiles(const std::string& name, const HistogramValue& value) {
  return fmt::format(" {0}_p50={1:.6f} {0}_p99={2:.6f}", name, value.Quantile(0.5),
                     value.Quantile(0.99));
}

template <typename Entries>
auto FindNamed(Entries& entries, const std::string& name) {
  return std::find_if(entries.begin(), entries.end(),
                      [&](const auto& entry) { return entry.name == name; });
}

}  // namespace

Metrics::~Metrics() { Stop(); }

Metric& Metrics::Counter(const std::string& name) { return Find(name, true); }

Metric& Metrics::Gauge(const std::string& name) { return Find(name, false); }

Metric& Metrics::Find(const std::string& name, bool is_counter) {
  const std::lock_guard lock(mutex_);
  const auto found = FindNamed(entries_, name);
  if (found != entries_.end()) return found->metric;
  Entry& entry = entries_.emplace_back();
  entry.name = name;
  entry.is_counter = is_counter;
  return entry.metric;
}

Histogram& Metrics::Histogram(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = FindNamed(durations_, name);
  if (found != durations_.end()) return found->histogram;
  Durations& durations = durations_.emplace_back();
  durations.name = name;
  return durations.histogram;
}

std::string Metrics::Export() {
  const std::lock_guard lock(mutex_);
  std::string line = "metrics";
  for (const Entry& entry : entries_)
    line += fmt::format(" rk_{}{}={}", entry.name, entry.is_counter ? "_total" : "",
                        entry.metric.value());
  for (const Durations& durations : durations_) {
    const HistogramValue value = durations.histogram.value();
    line +=
        fmt::format(" rk_{}={:.9f}:{}", durations.name, value.sum, fmt::join(value.counts, ","));
  }
  return line;
}

void Metrics::StartReports(std::chrono::milliseconds interval, Log log) {
  if (interval.count() <= 0) return;
  log_ = std::move(log);
  started_ = Clock::now();
  thread_ = std::thread([this, interval] { RunReports(interval); });
}

void Metrics::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stop_changed_.notify_one();
  thread_.join();
  const std::string total = Total(Seconds(Clock::now() - started_).count());
  if (!total.empty()) log_(LogLevel::kInfo, total);
}

void Metrics::RunReports(std::chrono::milliseconds interval) {
  Clock::time_point last = started_;
  std::unique_lock lock(mutex_);
  while (!stop_changed_.wait_until(lock, last + interval, [this] { return stop_; })) {
    const Clock::time_point now = Clock::now();
    const std::string report = Report(Seconds(now - last).count());
    last = now;
    lock.unlock();
    if (!report.empty()) log_(LogLevel::kInfo, report);
    lock.lock();
  }
}

std::string Metrics::Report(double seconds) {
  std::string report = "report";
  bool changed = false;
  for (Entry& entry : entries_) {
    const uint64_t value = entry.metric.value();
    changed |= value != entry.reported;
    const auto grown = static_cast<double>(value - entry.reported);
    report += Field(entry.name, entry.is_counter, value, grown / seconds);
    entry.reported = value;
  }
  for (Durations& durations : durations_) {
    const HistogramValue value = durations.histogram.value();
    HistogramValue since = value;
    since -= std::exchange(durations.reported, value);
    if (since.count() == 0) continue;
    changed = true;
    report += Quantiles(durations.name, since);
  }
  return changed ? report : "";
}

std::string Metrics::Total(double seconds) {
  const std::lock_guard lock(mutex_);
  std::string total = fmt::format("total seconds={:.1f}", seconds);
  bool counted = false;
  for (const Entry& entry : entries_) {
    const uint64_t value = entry.metric.value();
    counted |= value != 0;
    total += Field(entry.name, entry.is_counter, value, static_cast<double>(value) / seconds);
  }
  for (const Durations& durations : durations_) {
    const HistogramValue value = durations.histogram.value();
    if (value.count() == 0) continue;
    counted = true;
    total += Quantiles(durations.name, value);
  }
  return counted ? total : "";
}

}  // namespace rk
