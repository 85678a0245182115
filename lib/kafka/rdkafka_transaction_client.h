#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "lib/kafka/handle.h"
#include "lib/kafka/rdkafka_producer_client.h"
#include "lib/kafka/transaction_client.h"

/// Internal to lib/kafka: it includes librdkafka's header.
namespace rk {

/// TransactionClient by librdkafka, whose calls block: a step has a thread of its own. What may
/// pass (brokers that are away) is tried again for as long as this object lives.
class RdkafkaTransactionClient : public TransactionClient {
 public:
  /// The configurations of a producer under a transactional id, and of a consumer of a group.
  struct Confs {
    std::function<ConfPtr(const std::string& id)> producer;
    std::function<ConfPtr(const std::string& group)> group;
  };

  struct Names {
    std::string id;
    std::string output;
    std::string dead_letters;
  };

  /// `event_fd` is written to whenever there is something to take. `log` must outlive it.
  RdkafkaTransactionClient(Confs confs, const Names& names, int event_fd, const Log* log);

  ProducerClient& records() override { return producer_; }
  bool Begin() override;
  void StartOpen() override;
  void StartTakeover(const TransactionFlow::Takeover& takeover) override;
  void StartCommit(std::vector<TransactionFlow::Offsets> offsets) override;
  void StartAbort() override;
  std::optional<Result> TakeResult() override;

 private:
  using Step = std::function<Result(const std::stop_token&)>;
  using TopicIds = std::map<TopicPartition, std::string>;
  /// Never a member, so there is nothing to leave when it goes.
  struct DestroyGroup {
    void operator()(rd_kafka_t* handle) const {
      rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
  };
  using GroupPtr = std::unique_ptr<rd_kafka_t, DestroyGroup>;

  void Start(Step step);
  Result Commit(const std::vector<TransactionFlow::Offsets>& offsets, const std::stop_token& stop);
  Result TakeOver(const TransactionFlow::Takeover& takeover, const std::stop_token& stop);
  Result Fence(const std::string& id, const std::stop_token& stop);
  Result ReadCommitted(const std::string& group, const TopicIds& topic_ids, Result result,
                       const std::stop_token& stop);
  rd_kafka_t* GroupOf(const std::string& name);

  Confs confs_;
  std::string id_;
  int event_fd_;
  const Log* log_;
  RdkafkaProducerClient producer_;
  /// Of the groups whose offsets were asked for; the steps' alone.
  std::map<std::string, GroupPtr> groups_;
  std::mutex mutex_;
  std::optional<Result> result_;  ///< guarded by mutex_
  std::jthread step_;             ///< last: it uses the others
};

}  // namespace rk
