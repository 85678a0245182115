#include "lib/infer/report.h"

namespace rk {

void ReportTo(Metrics& metrics, InferOptions& options) {
  options.on_call = [&took = metrics.Histogram("call_seconds")](std::chrono::nanoseconds call) {
    took.Observe(call);
  };
  options.on_work = [&records = metrics.Counter("records_in"), &failed = metrics.Counter("failed"),
                     &filtered = metrics.Counter("filtered"),
                     &calls = metrics.Counter("calls")](const InferCounts& counts) {
    records.Set(counts.records);
    failed.Set(counts.failed);
    filtered.Set(counts.filtered);
    calls.Set(counts.calls);
  };
}

}  // namespace rk
