#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/observe/snapshot.h"
#include "lib/observe/text_forms.h"

namespace rk {

/// One process of a stage.
struct ReplicaStatus {
  std::string name;  ///< infer.0
  /// starting, ready, joining: another machine keeps it waiting, leaving, or waiting: it died and
  /// is started again soon.
  std::string state;
  int64_t pid = 0;  ///< 0 while it waits
  uint64_t rss_bytes = 0;
  double silent_s = 0;     ///< since it last told its metrics, or since it was started
  std::string waits = {};  ///< joining: why
};

/// Of what took place in the last ten seconds.
struct Quantiles {
  double p50_s = 0;
  double p99_s = 0;
};

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
  std::string tool = {};     ///< rk-infer
  uint64_t queue_limit = 0;  ///< records that may wait before it; 0: none is known
  /// What a batch took: of readers to be acknowledged, of balances to be passed on.
  Quantiles took = {};
  /// Share of its time in which it worked, 0 to 1, over the last ten seconds; of a stage between
  /// the ends.
  std::optional<double> busy = {};
  double failed_rate = 0;  ///< records/s, over the last ten seconds
  std::vector<ReplicaStatus> processes = {};
  /// Of a balance: the stage for which no machine has joined.
  std::string awaited = {};
};

/// Something that happened to a pipeline, as its log says it.
struct PipelineEvent {
  int64_t at_ms = 0;  ///< CLOCK_REALTIME
  LogLevel level = LogLevel::kInfo;
  std::string text;  ///< `scaling up stage=infer replicas=2 before=1 queue=900`
};

struct PipelineStatus {
  std::string name;
  std::string state;  ///< starting, running, draining
  double uptime_s = 0;
  std::string bottleneck;  ///< the stage that the others wait for; empty if none does
  std::vector<StageStatus> stages;
  int64_t at_ms = 0;                       ///< CLOCK_REALTIME
  std::vector<PipelineEvent> events = {};  ///< the last ones, oldest first
  std::string not_ready = {};              ///< of one that was read from JSON: WhyNotReady()
};

/// Why the pipeline is not ready for who asks (rk-run --probe=ready, /readyz); empty if it is:
/// every stage has been ready, each reader has had an answer from its group, nothing is
/// WhyNotJoined(), and it does not drain.
std::string WhyNotReady(const PipelineStatus& status);
/// Which stages wait for another machine, and why; empty if none does.
std::string WhyNotJoined(const PipelineStatus& status);
/// What to say of the whole: why it is not ready, else what the others wait for.
std::string Verdict(const std::string& not_ready, const std::string& bottleneck);
/// Why a process of it must be taken for hung: which has been silent for longer than kSilence;
/// empty if none has.
std::string WhyNotHealthy(const PipelineStatus& status);
inline constexpr std::chrono::seconds kSilence{15};

/// Pure functions, any thread. A table for people, with a line on what holds the others up.
std::string StatusTable(const PipelineStatus& status);
/// One JSON object; the names are those of the table.
std::string StatusJson(const PipelineStatus& status);
/// Everything that the processes count, added up by stage.
std::string StatusPrometheus(const PipelineStatus& status,
                             Exposition form = Exposition::kPrometheus);
/// What a log line says of the whole: replicas, queues, rates.
std::string StatusLine(const PipelineStatus& status);

}  // namespace rk
