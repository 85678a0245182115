#include "lib/run/status.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

namespace rk {
namespace {

// The second field of statm: resident pages (proc(5)).
uint64_t ResidentBytes(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/statm", pid));
  uint64_t size = 0;
  uint64_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

StageStatus Describe(const Replicas& unit) {
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
  for (const pid_t pid : unit.pids()) stage.rss_bytes += ResidentBytes(pid);
  return stage;
}

// What a stage is slow at waits before it, and what lies behind it has nothing to do: so of those
// that have something waiting it is the last. A queue that only was not empty just now does not
// count.
std::string Bottleneck(const std::vector<StageStatus>& now,
                       const std::vector<StageStatus>& before) {
  std::string name;
  for (size_t i = 0; i < now.size(); ++i) {
    if (now[i].has_queue && now[i].queue > 0 && i < before.size() && before[i].queue > 0)
      name = now[i].name;
  }
  return name;
}

}  // namespace

bool IsReady(const PipelineStatus& status) {
  return status.state == "running" &&
         std::ranges::all_of(status.stages, [](const StageStatus& stage) {
           return !stage.is_reader || stage.metrics.number("assigned") >= stage.wanted;
         });
}

PipelineStatus StatusTracker::Look(const Supervisor& supervisor, Clock::time_point now) {
  PipelineStatus status;
  status.name = name_;
  status.state = supervisor.draining()    ? "draining"
                 : supervisor.was_ready() ? "running"
                                          : "starting";
  status.uptime_s = std::chrono::duration<double>(now - began_).count();
  const auto& units = supervisor.units();
  for (const Replicas& unit : units) status.stages.push_back(Describe(unit));
  while (past_.size() > 1 && now - past_[1].at >= kRateWindow) past_.pop_front();
  const Past* before = past_.empty() ? nullptr : &past_.front();
  for (size_t i = 0; i < units.size(); ++i) {
    StageStatus& stage = status.stages[i];
    const auto queue = units[i].unit().queue;
    stage.has_queue = queue.has_value();
    stage.queue = supervisor.waiting(i);
    if (before == nullptr || now <= before->at) continue;
    const double seconds = std::chrono::duration<double>(now - before->at).count();
    stage.rate =
        static_cast<double>(stage.out - std::min(stage.out, before->stages[i].out)) / seconds;
    if (!queue) continue;
    HistogramValue waited = status.stages[*queue].metrics.histogram("queue_wait_seconds");
    waited -= before->stages[*queue].metrics.histogram("queue_wait_seconds");
    stage.wait_p99_s = waited.Quantile(0.99);
  }
  status.bottleneck =
      Bottleneck(status.stages, past_.empty() ? status.stages : past_.back().stages);
  past_.push_back({now, status.stages});
  return status;
}

}  // namespace rk
