#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "lib/base/log.h"
#include "lib/batch/delivery_sink.h"
#include "lib/batch/failure_tally.h"
#include "lib/kafka/producer.h"

namespace CLI {
class App;
}

namespace rk {

/// What rk-write is told of transactions.
struct TransactionOptions {
  bool exactly_once = false;
  std::string id;                 ///< transactional.id
  int64_t commit_interval = 100;  ///< ms
};

/// --exactly-once, --transactional-id, --commit-interval.
void AddTransactionOptions(CLI::App& app, TransactionOptions& options);

/// Throws Error(kUsage) for what does not go together.
void CheckTransactionOptions(const TransactionOptions& options);

/// Asks the brokers whether what is asked for can be done; see lib/kafka/check_transactions.h.
void CheckTransactions(const ClientSettings& client, const TransactionOptions& options,
                       const Log& log);

/// A sink that writes to `topics`, in transactions if so asked. Throws Error(kConfiguration).
std::unique_ptr<DeliverySink> MakeKafkaSink(const Producer::Options& topics,
                                            const TransactionOptions& options,
                                            FailureTally& failures, const Log& log);

}  // namespace rk
