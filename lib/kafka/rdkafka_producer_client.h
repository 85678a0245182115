#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lib/kafka/config.h"
#include "lib/kafka/handle.h"
#include "lib/kafka/producer_client.h"

/// Internal to lib/kafka: it includes librdkafka's header.
namespace rk {

/// The configuration of a producer that gives up on no record that could be stored, and stores none
/// twice. `max_batch_bytes` bounds a request's batch. Throws Error(kConfiguration) naming a
/// property of the user's that would break this.
ConfPtr MakeProducerConf(const ClientSettings& settings, int64_t max_batch_bytes,
                         AfterRejection after_rejection);

/// The same for one that commits transactions under `id`: 10 s (transaction.timeout.ms) after it
/// was last heard of the brokers abort what it had open.
ConfPtr MakeTransactionalConf(const ClientSettings& settings, int64_t max_batch_bytes,
                              const std::string& id);

/// That of a consumer that is asked for the group's committed offsets, those that no open
/// transaction may change, and never joins the group.
ConfPtr MakeStoredOffsetsConf(const ClientSettings& settings, const std::string& group);

/// ProducerClient by librdkafka. Used by one thread; librdkafka has threads of its own.
class RdkafkaProducerClient : public ProducerClient {
 public:
  /// `event_fd` is written to whenever there is something to Poll(). `log` must outlive it.
  RdkafkaProducerClient(ConfPtr conf, const std::string& output, const std::string& dead_letters,
                        int event_fd, const Log* log);

  std::optional<DeliveryError> Send(const OutgoingRecord& record, QueuedRecord& queued) override;
  void Poll(Listener& listener) override;
  void Purge() override;
  int32_t PartitionCount(Destination destination, int timeout_ms) override;
  void ForgetErrors() override { last_error_.Clear(); }
  Error LastError(const std::string& what) const override { return last_error_.MakeError(what); }

  rd_kafka_t* handle() const { return handle_.get(); }

 private:
  void Tell(Listener& listener, rd_kafka_event_t* event);
  FatalError MakeFatalError() const;

  HandlePtr handle_;
  QueuePtr queue_;
  std::array<TopicPtr, 2> topics_;  ///< by Destination
  LastClientError last_error_;
};

}  // namespace rk
