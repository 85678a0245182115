#include "lib/observe/catalog.h"

#include <algorithm>
#include <array>

namespace rk {
namespace {

// By name.
constexpr std::array kMetrics = std::to_array<MetricDescription>({
    {"acknowledged", "batches", "Batches that the writer acknowledged to their reader."},
    {"assigned", "processes", "Readers that know which partitions are theirs."},
    {"batches", "batches", "Batches read."},
    {"batches_in_flight", "batches", "Batches on their way to the broker, not confirmed yet."},
    {"bytes", "bytes", "Size of the frames read."},
    {"bytes_out", "bytes", "Size of keys and values stored in the output topic."},
    {"call_seconds", "seconds", "Duration of one model call."},
    {"calls", "calls", "Model calls."},
    {"dead_letters", "records", "Records stored in the dead-letter topic."},
    {"dropped_frames", "frames", "Frames that arrived damaged and were dropped; they come again."},
    {"failed", "records", "Records that this stage could not process."},
    {"filtered", "records", "Records that this stage filtered out."},
    {"held_back", "batches", "Batches held until an earlier one of their partition arrives."},
    {"lag_records", "records", "Records on the brokers that are not acknowledged yet."},
    {"latency_seconds", "seconds", "Time from sending a record to receiving its result."},
    {"queue_records", "records", "Records waiting for the next stage."},
    {"queue_wait_seconds", "seconds", "Time that a batch waited for the next stage."},
    {"received", "records", "Results received."},
    {"records", "records", "Records read."},
    {"records_in", "records", "Records that this stage received."},
    {"records_out", "records", "Records stored in the output topic."},
    {"reloads", "reloads", "Models loaded after the first."},
    {"replicas", "processes", "Processes of this stage."},
    {"resident_bytes", "bytes", "Resident memory of the processes of this stage."},
    {"restarts", "restarts", "Processes started again after they ended unexpectedly."},
    {"sent", "records", "Records sent."},
});
static_assert(std::ranges::is_sorted(kMetrics, {}, &MetricDescription::name));

// One for each code that a failed record can have: failed_missing_field.
constexpr std::string_view kByCode = "failed_";
constexpr MetricDescription kFailedByCode = {"failed_CODE", "records",
                                             "Records that failed with this code."};

}  // namespace

std::optional<MetricDescription> DescribeMetric(std::string_view name) {
  if (name.starts_with(kByCode)) return kFailedByCode;
  const auto found = std::ranges::lower_bound(kMetrics, name, {}, &MetricDescription::name);
  if (found == kMetrics.end() || found->name != name) return std::nullopt;
  return *found;
}

}  // namespace rk
