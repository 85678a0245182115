#include "lib/run/status.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>

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
  stage.role = unit.unit().role;
  stage.replicas = unit.running();
  stage.wanted = unit.wanted();
  stage.max = unit.unit().processes.size();
  stage.restarts = unit.restarts();
  stage.metrics = unit.metrics();
  const ProcessMetrics& metrics = stage.metrics;
  stage.in = metrics.number("rk_records_in_total");
  stage.out = stage.in;  // a stage between gives on whatever it takes
  stage.failed = metrics.number("rk_failed_total");
  if (stage.role == Role::kRead) stage.in = stage.out = metrics.number("rk_records_total");
  if (stage.role == Role::kWrite) {
    stage.out = metrics.number("rk_records_out_total");
    stage.failed = metrics.number("rk_dead_letters_total");
  }
  stage.lag_records = metrics.number("rk_lag_records");
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

std::string InUnits(uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string InMilliseconds(double seconds) { return fmt::format("{:.1f} ms", seconds * 1e3); }

void AddSample(std::string& text, std::string_view name, const PipelineStatus& status,
               const StageStatus& stage, std::string_view more, const std::string& value) {
  text += fmt::format("{}{{pipeline=\"{}\",stage=\"{}\"{}}} {}\n", name, status.name, stage.name,
                      more, value);
}

// Samples of one name, of all stages: they have to stand together.
template <typename Value>
void AddFamily(std::string& text, const std::string& name, std::string_view type,
               const PipelineStatus& status, Value&& value) {
  text += fmt::format("# TYPE {} {}\n", name, type);
  for (const StageStatus& stage : status.stages) {
    if (const auto number = value(stage)) AddSample(text, name, status, stage, "", *number);
  }
}

void AddHistogram(std::string& text, const std::string& name, const PipelineStatus& status) {
  text += fmt::format("# TYPE {} histogram\n", name);
  for (const StageStatus& stage : status.stages) {
    const auto found = stage.metrics.histograms.find(name);
    if (found == stage.metrics.histograms.end()) continue;
    uint64_t sum = 0;
    for (size_t bucket = 0; bucket < kHistogramBuckets; ++bucket) {
      sum += found->second.counts[bucket];
      const std::string bound =
          bucket < kHistogramBounds.size() ? fmt::format("{:g}", kHistogramBounds[bucket]) : "+Inf";
      AddSample(text, name + "_bucket", status, stage, fmt::format(",le=\"{}\"", bound),
                std::to_string(sum));
    }
    AddSample(text, name + "_sum", status, stage, "", fmt::format("{:.9f}", found->second.sum));
    AddSample(text, name + "_count", status, stage, "", std::to_string(sum));
  }
}

template <typename Map>
std::set<std::string> NamesOf(const PipelineStatus& status, Map ProcessMetrics::*map) {
  std::set<std::string> names;
  for (const StageStatus& stage : status.stages) {
    for (const auto& [name, value] : stage.metrics.*map) names.insert(name);
  }
  return names;
}

}  // namespace

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
    HistogramValue waited = status.stages[*queue].metrics.histogram("rk_queue_wait_seconds");
    waited -= before->stages[*queue].metrics.histogram("rk_queue_wait_seconds");
    stage.wait_p99_s = waited.Quantile(0.99);
  }
  status.bottleneck =
      Bottleneck(status.stages, past_.empty() ? status.stages : past_.back().stages);
  past_.push_back({now, status.stages});
  return status;
}

std::string StatusTable(const PipelineStatus& status) {
  std::string text =
      fmt::format("{}: {} for {:.0f} s\n", status.name, status.state, status.uptime_s);
  text += fmt::format("{:<18} {:>8} {:>12} {:>12} {:>8} {:>10} {:>8} {:>10} {:>10} {:>10}\n",
                      "STAGE", "REPLICAS", "IN", "OUT", "FAILED", "RECORDS/S", "QUEUE", "WAIT-P99",
                      "RSS", "LAG");
  for (const StageStatus& stage : status.stages) {
    text += fmt::format(
        "{:<18} {:>8} {:>12} {:>12} {:>8} {:>10.0f} {:>8} {:>10} {:>10} {:>10}\n", stage.name,
        fmt::format("{}/{}", stage.replicas, stage.max), stage.in, stage.out, stage.failed,
        stage.rate, stage.has_queue ? std::to_string(stage.queue) : "-",
        stage.has_queue ? InMilliseconds(stage.wait_p99_s) : "-", InUnits(stage.rss_bytes),
        stage.role == Role::kRead ? std::to_string(stage.lag_records) : "-");
  }
  return text + (status.bottleneck.empty()
                     ? "no stage holds the others up\n"
                     : fmt::format("the others wait for: {}\n", status.bottleneck));
}

std::string StatusJson(const PipelineStatus& status) {
  std::string text = fmt::format(
      R"({{"name":"{}","state":"{}","uptime_seconds":{:.1f},"bottleneck":{},"stages":[)",
      status.name, status.state, status.uptime_s,
      status.bottleneck.empty() ? "null" : "\"" + status.bottleneck + "\"");
  for (size_t i = 0; i < status.stages.size(); ++i) {
    const StageStatus& stage = status.stages[i];
    text += fmt::format(
        R"({}{{"stage":"{}","replicas":{},"wanted":{},"max":{},"restarts":{},"in":{},"out":{},"failed":{},"records_per_second":{:.1f},"rss_bytes":{})",
        i == 0 ? "" : ",", stage.name, stage.replicas, stage.wanted, stage.max, stage.restarts,
        stage.in, stage.out, stage.failed, stage.rate, stage.rss_bytes);
    if (stage.has_queue)
      text +=
          fmt::format(R"(,"queue":{},"wait_p99_seconds":{:.6f})", stage.queue, stage.wait_p99_s);
    if (stage.role == Role::kRead) text += fmt::format(R"(,"lag":{})", stage.lag_records);
    text += "}";
  }
  return text + "]}\n";
}

std::string StatusPrometheus(const PipelineStatus& status) {
  std::string text;
  const auto some = [](auto number) { return std::optional(fmt::format("{}", number)); };
  AddFamily(text, "rk_replicas", "gauge", status,
            [&](const StageStatus& stage) { return some(stage.replicas); });
  AddFamily(text, "rk_restarts_total", "counter", status,
            [&](const StageStatus& stage) { return some(stage.restarts); });
  AddFamily(text, "rk_resident_bytes", "gauge", status,
            [&](const StageStatus& stage) { return some(stage.rss_bytes); });
  for (const std::string& name : NamesOf(status, &ProcessMetrics::numbers)) {
    AddFamily(text, name, name.ends_with("_total") ? "counter" : "gauge", status,
              [&](const StageStatus& stage) -> std::optional<std::string> {
                const auto found = stage.metrics.numbers.find(name);
                if (found == stage.metrics.numbers.end()) return std::nullopt;
                return std::to_string(found->second);
              });
  }
  for (const std::string& name : NamesOf(status, &ProcessMetrics::histograms))
    AddHistogram(text, name, status);
  return text;
}

std::string StatusLine(const PipelineStatus& status) {
  std::string replicas;
  std::string queues;
  for (const StageStatus& stage : status.stages) {
    if (stage.role == Role::kBalance) continue;
    replicas += fmt::format(" {}={}", stage.name, stage.replicas);
    if (stage.has_queue) queues += fmt::format(" {}_queue={}", stage.name, stage.queue);
  }
  const StageStatus& reader = status.stages.front();
  const StageStatus& writer = status.stages.back();
  return fmt::format(
      "pipeline{}{} records_in={} records_out={} failed={} records_out_rate={:.1f} lag={}",
      replicas, queues, reader.out, writer.out, writer.failed, writer.rate, reader.lag_records);
}

}  // namespace rk
