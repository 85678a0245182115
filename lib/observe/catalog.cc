#include "lib/observe/catalog.h"

#include <algorithm>
#include <array>

namespace rk {
namespace {

// By name.
constexpr std::array kMetrics = std::to_array<MetricDescription>({
    {"aborts", MetricKind::kCounter, "transactions",
     "Transactions aborted; their batches are produced again."},
    {"acknowledged", MetricKind::kCounter, "batches",
     "Batches that the writer acknowledged to their reader."},
    {"assigned", MetricKind::kGauge, "processes", "Readers that know which partitions are theirs."},
    {"batch_seconds", MetricKind::kHistogram, "seconds",
     "Time that this stage took for a batch: from taking it to passing it on; a writer, until "
     "it is stored."},
    {"batches", MetricKind::kCounter, "batches", "Batches read."},
    {"batches_in_flight", MetricKind::kGauge, "batches",
     "Batches on their way to the broker, not confirmed yet."},
    {"bottleneck", MetricKind::kGauge, "stages",
     "1 for the stage that the others wait for, 0 for the others."},
    {"bytes", MetricKind::kCounter, "bytes", "Size of the frames read."},
    {"bytes_out", MetricKind::kCounter, "bytes",
     "Size of keys and values stored in the output topic."},
    {"call_seconds", MetricKind::kHistogram, "seconds", "Duration of one model call."},
    {"calls", MetricKind::kCounter, "calls", "Model calls."},
    {"commit_seconds", MetricKind::kHistogram, "seconds",
     "Duration of one commit of a transaction."},
    {"commits", MetricKind::kCounter, "transactions", "Transactions committed."},
    {"dead_letters", MetricKind::kCounter, "records", "Records stored in the dead-letter topic."},
    {"dropped_frames", MetricKind::kCounter, "frames",
     "Frames that arrived damaged and were dropped; they come again."},
    {"end_to_end_seconds", MetricKind::kHistogram, "seconds",
     "Age of records when they were acknowledged: since the Kafka timestamp of the oldest one of "
     "their batch."},
    {"failed", MetricKind::kCounter, "records", "Records that this stage could not process."},
    {"failures", MetricKind::kCounter, "records",
     "Records that came to the writer failed, by the code of the failure."},
    {"fenced", MetricKind::kCounter, "times",
     "Times that another writer took over what this one was writing."},
    {"fetchers", MetricKind::kGauge, "processes",
     "Processes of the next stage that fetch from this queue."},
    {"filtered", MetricKind::kCounter, "records", "Records that this stage filtered out."},
    {"held_back", MetricKind::kGauge, "batches",
     "Batches held until an earlier one of their partition arrives."},
    {"lag_records", MetricKind::kGauge, "records",
     "Records on the brokers that are not acknowledged yet."},
    {"latency_seconds", MetricKind::kHistogram, "seconds",
     "Time from sending a record to receiving its result."},
    {"partition_lag_records", MetricKind::kGauge, "records",
     "Records of one partition on the brokers that are not acknowledged yet."},
    {"queue_limit_records", MetricKind::kGauge, "records",
     "Records that may wait for the next stage."},
    {"queue_records", MetricKind::kGauge, "records", "Records waiting for the next stage."},
    {"queue_wait_seconds", MetricKind::kHistogram, "seconds",
     "Time that a batch waited for the next stage."},
    {"ready", MetricKind::kGauge, "pipelines",
     "1 once every stage has been ready and the group has answered, 0 before."},
    {"received", MetricKind::kCounter, "records", "Results received."},
    {"records", MetricKind::kCounter, "records", "Records read."},
    {"records_in", MetricKind::kCounter, "records", "Records that this stage received."},
    {"records_out", MetricKind::kCounter, "records", "Records stored in the output topic."},
    {"reload_failures", MetricKind::kCounter, "reloads",
     "Models that could not be loaded; the one before stayed."},
    {"reloads", MetricKind::kCounter, "reloads", "Models loaded after the first."},
    {"replicas", MetricKind::kGauge, "processes", "Processes of this stage."},
    {"replicas_ready", MetricKind::kGauge, "processes", "Processes of this stage that can work."},
    {"replicas_wanted", MetricKind::kGauge, "processes",
     "Processes that this stage should have now."},
    {"resident_bytes", MetricKind::kGauge, "bytes",
     "Resident memory of the processes of this stage."},
    {"restarts", MetricKind::kCounter, "restarts",
     "Processes started again after they ended unexpectedly."},
    {"sent", MetricKind::kCounter, "records", "Records sent."},
});
static_assert(std::ranges::is_sorted(kMetrics, {}, &MetricDescription::name));

}  // namespace

std::span<const MetricDescription> AllMetrics() { return kMetrics; }

std::optional<MetricDescription> DescribeMetric(std::string_view name) {
  const auto found = std::ranges::lower_bound(kMetrics, name, {}, &MetricDescription::name);
  if (found == kMetrics.end() || found->name != name) return std::nullopt;
  return *found;
}

}  // namespace rk
