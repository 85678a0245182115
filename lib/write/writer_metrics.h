#pragma once

#include <cstdint>

#include "lib/batch/delivery_sink.h"
#include "lib/batch/failure_tally.h"
#include "lib/batch/transactional_sink.h"
#include "lib/batch/writer_order.h"
#include "lib/observe/metrics.h"

namespace rk {

/// What a writer counts. Failures are counted by code: `failures{code="missing_field"}`. Used by
/// one thread; the metrics themselves by any.
class WriterMetrics {
 public:
  /// `metrics` must outlive it.
  explicit WriterMetrics(Metrics& metrics);

  /// Everything but those below, as it is now.
  void Update(const DeliverySink& sink, const WriterOrder& order, const FailureTally& failures);

  /// The same of transactions. `commits`, `aborts`, `fenced` and `commit_seconds` exist from the
  /// first call on.
  void Update(TransactionalSink& sink);

  Metric& records_in;
  Metric& acknowledged;
  Histogram& batch;  ///< from its way to the sink to its being stored

 private:
  Metrics& metrics_;
  Metric& records_out_;
  Metric& dead_letters_;
  Metric& bytes_out_;
  Metric& batches_in_flight_;
  Metric& held_back_;
  uint64_t failures_ = 0;  ///< told so far
};

}  // namespace rk
