#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/batch/transaction_flow.h"
#include "lib/kafka/producer_client.h"

namespace rk {

/// One life of a transactional producer, which TransactionalProducer stands on: librdkafka's
/// (rdkafka_transaction_client.h), or a test's own. Steps take their time elsewhere: one is started
/// at a time, and TakeResult() tells of its end. Used by one thread.
class TransactionClient {
 public:
  /// How a step ended.
  struct Result {
    TransactionFlow::Outcome outcome = TransactionFlow::Outcome::kDone;
    bool fenced = false;                 ///< kLost, because another has the id now
    std::optional<std::string> refused;  ///< the reader whose membership is unknown to the broker
    std::map<GroupPartition, int64_t> committed;  ///< of a takeover
    std::optional<Error> fatal;                   ///< no trying again will help
    std::string text;                             ///< for people, if not kDone
  };

  virtual ~TransactionClient() = default;

  /// What carries the records, between Begin() and the start of a commit or abort.
  virtual ProducerClient& records() = 0;

  /// Begins a transaction; false if the producer's life is over. Never blocks.
  virtual bool Begin() = 0;
  /// init_transactions: fences whoever had the id, and aborts what that left open.
  virtual void StartOpen() = 0;
  virtual void StartTakeover(const TransactionFlow::Takeover& takeover) = 0;
  /// Sends the offsets, and commits.
  virtual void StartCommit(std::vector<TransactionFlow::Offsets> offsets) = 0;
  virtual void StartAbort() = 0;
  /// The result of the step under way, once.
  virtual std::optional<Result> TakeResult() = 0;
};

/// Makes a client that writes to `event_fd` whenever there is something to Poll() or take.
using TransactionClientFactory = std::function<std::unique_ptr<TransactionClient>(int event_fd)>;

}  // namespace rk
