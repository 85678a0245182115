#include "lib/top/status_json.h"

#include "lib/codec/json/tree.h"

namespace rk {
namespace {

StageStatus StageOf(const JsonTree& tree) {
  StageStatus stage;
  const auto count = [&](std::string_view name) {
    return static_cast<uint64_t>(tree.Number(name));
  };
  stage.name = tree.Text("stage");
  stage.replicas = count("replicas");
  stage.wanted = count("wanted");
  stage.max = count("max");
  stage.restarts = count("restarts");
  stage.in = count("in");
  stage.out = count("out");
  stage.failed = count("failed");
  stage.rate = tree.Number("records_per_second");
  stage.rss_bytes = count("rss_bytes");
  stage.has_queue = tree.Find("queue") != nullptr;
  stage.queue = count("queue");
  stage.wait_p99_s = tree.Number("wait_p99_seconds");
  stage.is_reader = tree.Find("lag") != nullptr;
  stage.lag_records = count("lag");
  return stage;
}

LogLevel LevelOf(const std::string& name) {
  if (name == "error") return LogLevel::kError;
  return name == "warning" ? LogLevel::kWarning : LogLevel::kInfo;
}

}  // namespace

std::optional<PipelineStatus> ParseStatusJson(std::string_view json) {
  const auto tree = ParseJsonTree(json);
  const JsonTree* stages = tree ? tree->Find("stages") : nullptr;
  if (stages == nullptr) return std::nullopt;
  PipelineStatus status;
  status.name = tree->Text("name");
  status.state = tree->Text("state");
  status.uptime_s = tree->Number("uptime_seconds");
  status.bottleneck = tree->Text("bottleneck");
  status.not_ready = tree->Text("not_ready");
  for (const JsonTree& stage : stages->entries) status.stages.push_back(StageOf(stage));
  if (const JsonTree* events = tree->Find("events")) {
    for (const JsonTree& event : events->entries)
      status.events.push_back({static_cast<int64_t>(event.Number("at_ms")),
                               LevelOf(event.Text("level")), event.Text("text")});
  }
  return status;
}

}  // namespace rk
