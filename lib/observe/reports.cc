#include "lib/observe/reports.h"

#include <string>
#include <utility>

#include "lib/observe/text_forms.h"

namespace rk {
namespace {

double SecondsBetween(Reports::Clock::time_point from, Reports::Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Reports::Reports(const Metrics& metrics, std::chrono::milliseconds interval, Log log,
                 Clock::time_point now)
    : metrics_(metrics), interval_(interval), log_(std::move(log)), began_(now), last_(now) {
  if (interval_.count() > 0) due_ = now + interval_;
}

Reports::~Reports() {
  if (interval_.count() <= 0) return;
  const std::string total = TotalLine(metrics_.Snapshot(), SecondsBetween(began_, Clock::now()));
  if (!total.empty()) log_(LogLevel::kInfo, total);
}

void Reports::OnTick(Clock::time_point now) {
  if (now < due_) return;
  MetricsSnapshot snapshot = metrics_.Snapshot();
  const std::string report =
      ReportLine(snapshot, reported_, SecondsBetween(std::exchange(last_, now), now));
  reported_ = std::move(snapshot);
  due_ = now + interval_;
  if (!report.empty()) log_(LogLevel::kInfo, report);
}

}  // namespace rk
