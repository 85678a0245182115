#include "lib/stage/metrics.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace rk {
namespace {

using Seconds = std::chrono::duration<double>;

std::string Field(const std::string& name, bool is_counter, uint64_t value, double rate) {
  if (!is_counter) return fmt::format(" {}={}", name, value);
  return fmt::format(" {}={} {}_rate={:.1f}", name, value, name, rate);
}

}  // namespace

Metrics::~Metrics() { Stop(); }

Metric& Metrics::Counter(const std::string& name) { return Find(name, true); }

Metric& Metrics::Gauge(const std::string& name) { return Find(name, false); }

Metric& Metrics::Find(const std::string& name, bool is_counter) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.name == name; });
  if (found != entries_.end()) return found->metric;
  Entry& entry = entries_.emplace_back();
  entry.name = name;
  entry.is_counter = is_counter;
  return entry.metric;
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
  return changed ? report : "";
}

std::string Metrics::Total(double seconds) const {
  std::string total = fmt::format("total seconds={:.1f}", seconds);
  bool counted = false;
  for (const Entry& entry : entries_) {
    const uint64_t value = entry.metric.value();
    counted |= value != 0;
    total += Field(entry.name, entry.is_counter, value, static_cast<double>(value) / seconds);
  }
  return counted ? total : "";
}

}  // namespace rk
