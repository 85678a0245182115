#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/observe/snapshot.h"

namespace rk {

/// How one stage, or the balance before one, is doing.
struct StageStatus {
  std::string name;
  bool is_reader = false;
  bool is_balance = false;
  size_t replicas = 0;  ///< that run, those on their way out included
  size_t wanted = 0;
  size_t max = 0;
  uint64_t restarts = 0;
  uint64_t in = 0;   ///< records, since rk-run began
  uint64_t out = 0;  ///< records
  uint64_t failed = 0;
  double rate = 0;  ///< records/s, over the last ten seconds
  bool has_queue = false;
  uint64_t queue = 0;        ///< records that wait before it
  double wait_p99_s = 0;     ///< of what waited in the last ten seconds
  uint64_t rss_bytes = 0;    ///< of its processes together
  uint64_t lag_records = 0;  ///< of readers: on the brokers, not acknowledged
  MetricsSnapshot metrics;   ///< all that its processes count
};

struct PipelineStatus {
  std::string name;
  std::string state;  ///< starting, running, draining
  double uptime_s = 0;
  std::string bottleneck;  ///< the stage that the others wait for; empty if none does
  std::vector<StageStatus> stages;
};

/// Pure functions, any thread. A table for people, with a line on what holds the others up.
std::string StatusTable(const PipelineStatus& status);
/// One JSON object; the names are those of the table.
std::string StatusJson(const PipelineStatus& status);
/// Prometheus' text format: everything that the processes count, added up by stage.
std::string StatusPrometheus(const PipelineStatus& status);
/// What a log line says of the whole: replicas, queues, rates.
std::string StatusLine(const PipelineStatus& status);

}  // namespace rk
