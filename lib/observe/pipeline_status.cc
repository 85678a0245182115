#include "lib/observe/pipeline_status.h"

#include <fmt/format.h>

#include "lib/observe/text_forms.h"

namespace rk {
namespace {

std::string InUnits(uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string InMilliseconds(double seconds) { return fmt::format("{:.1f} ms", seconds * 1e3); }

// With what rk-run knows of a stage beside what its processes count.
MetricsSnapshot AllOf(const StageStatus& stage) {
  MetricsSnapshot all{{{"replicas", MetricKind::kGauge, stage.replicas},
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
    if (stage.is_reader) text += fmt::format(R"(,"lag":{})", stage.lag_records);
    text += "}";
  }
  return text + "]}\n";
}

std::string StatusPrometheus(const PipelineStatus& status) {
  std::vector<LabelledSnapshot> stages;
  for (const StageStatus& stage : status.stages) {
    stages.push_back(
        {fmt::format("pipeline=\"{}\",stage=\"{}\"", status.name, stage.name), AllOf(stage)});
  }
  return PrometheusText(stages);
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
