#include "lib/read/end_to_end.h"

#include <chrono>

#include "lib/base/clock.h"

namespace rk {
namespace {

constexpr int64_t kNanosecondsPerMillisecond = 1'000'000;

int64_t BeginOf(const BatchInfo& batch) {
  return batch.earliest_timestamp_ms < 0 ? batch.read_time_ns
                                         : batch.earliest_timestamp_ms * kNanosecondsPerMillisecond;
}

}  // namespace

void MeasureEndToEnd(Window& window, Metrics& metrics) {
  Histogram& age = metrics.Histogram("end_to_end_seconds");
  window.With([&](Ledger& ledger) {
    ledger.OnAcknowledged([&age](const Frame& batch) {
      const int64_t ns = Nanoseconds(CLOCK_REALTIME) - BeginOf(batch.info());
      if (batch.record_count() > 0) age.Observe(std::chrono::nanoseconds(ns), batch.record_count());
    });
  });
}

}  // namespace rk
