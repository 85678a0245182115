#include "lib/observe/pipeline_status.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rk {
namespace {

std::string InUnits(uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string InMilliseconds(double seconds) { return fmt::format("{:.1f} ms", seconds * 1e3); }

// With what rk-run knows of a stage beside what its processes count.
MetricsSnapshot AllOf(const StageStatus& stage) {
  const auto ready = std::ranges::count(stage.processes, "ready", &ReplicaStatus::state);
  MetricsSnapshot all{{{"replicas", MetricKind::kGauge, stage.replicas},
                       {"replicas_ready", MetricKind::kGauge, static_cast<uint64_t>(ready)},
                       {"replicas_wanted", MetricKind::kGauge, stage.wanted},
                       {"restarts", MetricKind::kCounter, stage.restarts},
                       {"resident_bytes", MetricKind::kGauge, stage.rss_bytes}},
                      {}};
  return all += stage.metrics;
}

}  // namespace

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
        stage.is_reader ? std::to_string(stage.lag_records) : "-");
  }
  return text + Verdict(WhyNotReady(status), status.bottleneck) + "\n";
}

std::string StatusPrometheus(const PipelineStatus& status, Exposition form) {
  const std::string pipeline = fmt::format("pipeline=\"{}\"", status.name);
  const uint64_t ready = WhyNotReady(status).empty() ? 1 : 0;
  std::vector<LabelledSnapshot> parts = {{pipeline, {{{"ready", MetricKind::kGauge, ready}}, {}}}};
  for (const StageStatus& stage : status.stages) {
    MetricsSnapshot all = AllOf(stage);
    if (!stage.is_balance) {
      const uint64_t bottleneck = stage.name == status.bottleneck ? 1 : 0;
      all.numbers.push_back({"bottleneck", MetricKind::kGauge, bottleneck});
    }
    parts.push_back({fmt::format("{},stage=\"{}\"", pipeline, stage.name), std::move(all)});
  }
  return PrometheusText(parts, form);
}

std::string WhyNotReady(const PipelineStatus& status) {
  if (status.state == "draining") return "the pipeline drains";
  std::vector<std::string> reasons;
  for (const StageStatus& stage : status.stages) {
    for (const ReplicaStatus& replica : stage.processes) {
      if (status.state == "starting" && replica.state != "ready" && replica.waits.empty())
        reasons.push_back(fmt::format("{} is {}", replica.name, replica.state));
    }
    if (stage.is_reader && stage.metrics.number("assigned") < stage.wanted)
      reasons.push_back(stage.name + " has no partition assignment yet");
  }
  if (std::string joins = WhyNotJoined(status); !joins.empty()) reasons.push_back(std::move(joins));
  if (reasons.empty() && status.state != "running") return "the pipeline is starting";
  return fmt::format("{}", fmt::join(reasons, ", "));
}

std::string WhyNotJoined(const PipelineStatus& status) {
  std::vector<std::string> reasons;
  for (const StageStatus& stage : status.stages) {
    if (!stage.awaited.empty()) reasons.push_back(stage.awaited + " waits for a machine to join");
    // Its replicas all go to the same machine.
    const auto waiting = std::ranges::find_if(
        stage.processes, [](const ReplicaStatus& replica) { return !replica.waits.empty(); });
    if (waiting != stage.processes.end())
      reasons.push_back(fmt::format("{}: {}", waiting->name, waiting->waits));
  }
  return fmt::format("{}", fmt::join(reasons, ", "));
}

std::string Verdict(const std::string& not_ready, const std::string& bottleneck) {
  if (!not_ready.empty()) return "not ready: " + not_ready;
  return bottleneck.empty() ? "no stage holds the others up" : "the others wait for: " + bottleneck;
}

std::string WhyNotHealthy(const PipelineStatus& status) {
  const double longest = std::chrono::duration<double>(kSilence).count();
  for (const StageStatus& stage : status.stages) {
    for (const ReplicaStatus& replica : stage.processes) {
      if (replica.silent_s > longest)
        return fmt::format("{} has been silent for {:.0f} s", replica.name, replica.silent_s);
    }
  }
  return "";
}

std::string StatusLine(const PipelineStatus& status) {
  std::string replicas;
  std::string queues;
  for (const StageStatus& stage : status.stages) {
    if (stage.is_balance) continue;
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
