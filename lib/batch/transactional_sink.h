#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/batch/delivery_sink.h"
#include "lib/batch/transaction_flow.h"

namespace rk {

/// A sink whose frames are done when the transaction is committed that holds their records and
/// their readers' offsets. Whoever uses it carries what its flow() has to say to the readers, and
/// what they answer; Serve() does what the flow wants done.
class TransactionalSink : public DeliverySink {
 public:
  struct Counts {
    uint64_t commits = 0;
    uint64_t aborts = 0;
    uint64_t fenced = 0;  ///< times that another writer took over
  };

  virtual TransactionFlow& flow() = 0;
  virtual const std::string& transactional_id() const = 0;
  virtual const Counts& counts() const = 0;
  /// How long the commits took since the last call.
  virtual std::vector<std::chrono::nanoseconds> TakeCommitTimes() = 0;
  /// Frames that are not done and never will be, since the last call: worthless now.
  virtual std::vector<FramePtr> TakeDropped() = 0;

  TransactionalSink* transactional() override { return this; }
};

}  // namespace rk
