#include "lib/write/transaction_options.h"

#include <CLI/CLI.hpp>

#include "lib/base/error.h"
#include "lib/kafka/check_transactions.h"
#include "lib/kafka/transactional_producer.h"
#include "lib/stage/option_value.h"

namespace rk {
namespace {

constexpr int64_t kLongestInterval = 5000;  // half of the brokers' patience with a transaction

}  // namespace

void AddTransactionOptions(CLI::App& app, TransactionOptions& options) {
  auto* exactly_once = app.add_flag("--exactly-once", options.exactly_once,
                                    "commit results and offsets in transactions")
                           ->excludes("--unordered", "--to", "-P");
  // Instead of what it excludes, which the man page says.
  for (const char* flag : {"--exactly-once", "--unordered", "-P"})
    app.get_option(flag)->option_text(" ");
  app.add_option("--transactional-id", options.id, "its name in them; keep it across restarts")
      ->option_text("ID")
      ->needs(exactly_once);
  app.add_option("--commit-interval", options.commit_interval,
                 "longest transaction, unless nothing waits")
      ->option_text("MS=100")
      ->needs(exactly_once)
      ->transform(WholeNumber(1, kLongestInterval));
}

void CheckTransactionOptions(const TransactionOptions& options) {
  if (!options.exactly_once || !options.id.empty()) return;
  throw Error(ErrorKind::kUsage,
              "--exactly-once needs --transactional-id: a name that this writer keeps when it is "
              "started again, and no other writer has");
}

void CheckTransactions(const ClientSettings& client, const TransactionOptions& options,
                       const Log& log) {
  if (options.exactly_once) CheckTransactions(client, options.id, log);
}

std::unique_ptr<DeliverySink> MakeKafkaSink(const Producer::Options& topics,
                                            const TransactionOptions& options,
                                            FailureTally& failures, const Log& log) {
  if (!options.exactly_once) return std::make_unique<Producer>(topics, failures, log);
  return std::make_unique<TransactionalProducer>(
      TransactionalProducer::Options{topics, options.id,
                                     std::chrono::milliseconds(options.commit_interval)},
      failures, log);
}

}  // namespace rk
