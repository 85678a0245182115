#include "lib/run/status.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "lib/base/clock.h"

namespace rk {
namespace {

// The second field of statm: resident pages (proc(5)).
uint64_t ResidentBytes(int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/statm", pid));
  uint64_t size = 0;
  uint64_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

std::string ToolOf(const Unit& unit) {
  const std::string& command = unit.processes.front().argv.front();
  return command.substr(command.rfind('/') + 1);
}

StageStatus Describe(const Replicas& unit, StatusTracker::Clock::time_point now) {
  StageStatus stage;
  stage.name = unit.unit().name;
  const Role role = unit.unit().role;
  stage.is_reader = role == Role::kRead;
  stage.is_balance = role == Role::kBalance;
  stage.replicas = unit.running();
  stage.wanted = unit.wanted();
  stage.max = unit.unit().processes.size();
  stage.restarts = unit.restarts();
  stage.metrics = unit.metrics();
  const MetricsSnapshot& metrics = stage.metrics;
  stage.in = metrics.number("records_in");
  stage.out = stage.in;  // a stage between gives on whatever it takes
  stage.failed = metrics.number("failed");
  if (stage.is_reader) stage.in = stage.out = metrics.number("records");
  if (role == Role::kWrite) {
    stage.out = metrics.number("records_out");
    stage.failed = metrics.number("dead_letters");
  }
  stage.lag_records = metrics.number("lag_records");
  stage.tool = ToolOf(unit.unit());
  if (metrics.number("fetchers") == 0) stage.awaited = unit.unit().elsewhere;
  stage.processes = unit.processes(now);
  for (ReplicaStatus& process : stage.processes) {
    if (process.pid > 0) process.rss_bytes = ResidentBytes(process.pid);
    stage.rss_bytes += process.rss_bytes;
  }
  return stage;
}

// Below this a stage has time left for what comes.
constexpr double kBusy = 0.85;

// What a stage is slow at waits before it, and what lies behind it has nothing to do: so of those
// that have something waiting it is the last. A queue that only was not empty just now does not
// count. Where no queue tells, it is the stage that works all the time.
std::string Bottleneck(const std::vector<StageStatus>& now,
                       const std::vector<StageStatus>& before) {
  std::string name;
  for (size_t i = 0; i < now.size(); ++i) {
    if (now[i].has_queue && now[i].queue > 0 && i < before.size() && before[i].queue > 0)
      name = now[i].name;
  }
  if (!name.empty()) return name;
  double busiest = kBusy;
  for (const StageStatus& stage : now) {
    if (!stage.busy || *stage.busy < busiest) continue;
    busiest = *stage.busy;
    name = stage.name;
  }
  return name;
}

HistogramValue Since(const StageStatus& now, const StageStatus& before, std::string_view name) {
  HistogramValue value = now.metrics.histogram(name);
  return value -= before.metrics.histogram(name);
}

double RateOf(uint64_t now, uint64_t before, double seconds) {
  return static_cast<double>(now - std::min(now, before)) / seconds;
}

std::string_view DurationOf(const StageStatus& stage) {
  if (stage.is_reader) return "end_to_end_seconds";
  return stage.is_balance ? "queue_wait_seconds" : "batch_seconds";
}

// Of a stage that has one batch after the other: a writer has many on their way.
std::optional<double> BusyOf(const StageStatus& now, const StageStatus& before, double seconds) {
  if (now.is_reader || now.is_balance || now.tool == "rk-write" || now.replicas == 0)
    return std::nullopt;
  const bool calls = now.metrics.Has("call_seconds");
  const double worked = Since(now, before, calls ? "call_seconds" : "batch_seconds").sum;
  return std::min(worked / seconds / static_cast<double>(now.replicas), 1.0);
}

void Compare(StageStatus& now, const StageStatus& before, double seconds) {
  now.rate = RateOf(now.out, before.out, seconds);
  now.failed_rate = RateOf(now.failed, before.failed, seconds);
  const HistogramValue took = Since(now, before, DurationOf(now));
  now.took = {took.Quantile(0.5), took.Quantile(0.99)};
  now.busy = BusyOf(now, before, seconds);
}

}  // namespace

PipelineStatus StatusTracker::Look(const Supervisor& supervisor, Clock::time_point now) {
  PipelineStatus status;
  status.name = name_;
  status.at_ms = Nanoseconds(CLOCK_REALTIME) / 1'000'000;
  status.uptime_s = std::chrono::duration<double>(now - began_).count();
  const auto& units = supervisor.units();
  for (const Replicas& unit : units) status.stages.push_back(Describe(unit, now));
  was_ready_ = was_ready_ || (supervisor.was_ready() && WhyNotJoined(status).empty());
  status.state = supervisor.draining() ? "draining" : was_ready_ ? "running" : "starting";
  while (past_.size() > 1 && now - past_[1].at >= kRateWindow) past_.pop_front();
  const Past* before = past_.empty() ? nullptr : &past_.front();
  for (size_t i = 0; i < units.size(); ++i) {
    StageStatus& stage = status.stages[i];
    const auto queue = units[i].unit().queue;
    stage.has_queue = queue.has_value();
    stage.queue = supervisor.waiting(i);
    if (queue) stage.queue_limit = status.stages[*queue].metrics.number("queue_limit_records");
    if (before == nullptr || now <= before->at) continue;
    const double seconds = std::chrono::duration<double>(now - before->at).count();
    Compare(stage, before->stages[i], seconds);
    if (!queue) continue;
    const HistogramValue waited =
        Since(status.stages[*queue], before->stages[*queue], "queue_wait_seconds");
    stage.wait_p99_s = waited.Quantile(0.99);
  }
  status.bottleneck =
      Bottleneck(status.stages, past_.empty() ? status.stages : past_.back().stages);
  past_.push_back({now, status.stages});
  return status;
}

}  // namespace rk
