#include <fmt/format.h>

#include "lib/base/level_name.h"
#include "lib/observe/json_string.h"
#include "lib/observe/pipeline_status.h"

namespace rk {
namespace {

// Of JSON, what `item` makes of each of `items`.
template <typename Items, typename Item>
std::string ListOf(const Items& items, Item&& item) {
  std::string list = "[";
  for (const auto& one : items) list += (list.size() == 1 ? "" : ",") + item(one);
  return list + "]";
}

std::string EventJson(const PipelineEvent& event) {
  return fmt::format(R"({{"at_ms":{},"level":"{}","text":{}}})", event.at_ms,
                     LevelName(event.level), JsonString(event.text));
}

std::string ReplicaJson(const ReplicaStatus& replica) {
  const std::string waits =
      replica.waits.empty() ? "" : fmt::format(R"(,"waits":{})", JsonString(replica.waits));
  return fmt::format(R"({{"name":"{}","state":"{}","pid":{},"rss_bytes":{}{}}})", replica.name,
                     replica.state, replica.pid, replica.rss_bytes, waits);
}

std::string LagJson(const NumberSample& lag) {
  return fmt::format(R"({{"topic":{},"partition":{},"lag":{}}})", JsonString(LabelOf(lag, "topic")),
                     LabelOf(lag, "partition"), lag.value);
}

std::string FailureJson(const NumberSample& failure) {
  return fmt::format(R"({{"code":{},"records":{}}})", JsonString(LabelOf(failure, "code")),
                     failure.value);
}

std::string RoleOf(const StageStatus& stage) {
  if (stage.is_reader) return "reader";
  if (stage.is_balance) return "balance";
  return stage.tool == "rk-write" ? "writer" : "middle";
}

std::string StageJson(const StageStatus& stage) {
  std::string text = fmt::format(
      R"({{"stage":"{}","role":"{}","tool":"{}","replicas":{},"wanted":{},"max":{},"restarts":{},)"
      R"("in":{},"out":{},"failed":{},"records_per_second":{:.1f},"failed_per_second":{:.1f},)"
      R"("rss_bytes":{},"p50_seconds":{:.6f},"p99_seconds":{:.6f})",
      stage.name, RoleOf(stage), stage.tool, stage.replicas, stage.wanted, stage.max,
      stage.restarts, stage.in, stage.out, stage.failed, stage.rate, stage.failed_rate,
      stage.rss_bytes, stage.took.p50_s, stage.took.p99_s);
  if (stage.busy) text += fmt::format(R"(,"busy":{:.3f})", *stage.busy);
  if (stage.has_queue)
    text += fmt::format(R"(,"queue":{},"queue_limit":{},"wait_p99_seconds":{:.6f})", stage.queue,
                        stage.queue_limit, stage.wait_p99_s);
  if (stage.is_reader)
    text += fmt::format(R"(,"lag":{},"partitions":{})", stage.lag_records,
                        ListOf(stage.metrics.all("partition_lag_records"), LagJson));
  if (const auto failures = stage.metrics.all("failures"); !failures.empty())
    text += fmt::format(R"(,"failures":{})", ListOf(failures, FailureJson));
  if (stage.metrics.Has("reloads"))
    text += fmt::format(R"(,"reloads":{},"reload_failures":{})", stage.metrics.number("reloads"),
                        stage.metrics.number("reload_failures"));
  return text + fmt::format(R"(,"processes":{}}})", ListOf(stage.processes, ReplicaJson));
}

}  // namespace

std::string StatusJson(const PipelineStatus& status) {
  const std::string why = WhyNotReady(status);
  return fmt::format(
      R"({{"name":{},"state":"{}","at_ms":{},"uptime_seconds":{:.1f},"bottleneck":{},)"
      R"("not_ready":{},"stages":{},"events":{}}})"
      "\n",
      JsonString(status.name), status.state, status.at_ms, status.uptime_s,
      status.bottleneck.empty() ? "null" : JsonString(status.bottleneck),
      why.empty() ? "null" : JsonString(why), ListOf(status.stages, StageJson),
      ListOf(status.events, EventJson));
}

}  // namespace rk
