#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/kafka/config.h"
#include "lib/kafka/handle.h"

/// Internal to lib/kafka: it includes librdkafka's header.
namespace rk {

/// The configuration of a producer that never gives up, never stores a record twice and never goes
/// past one that it could not store. `max_batch_bytes` bounds a request's batch. Throws
/// Error(kConfiguration) naming a property of the user's that would break this.
ConfPtr MakeProducerConf(const ClientSettings& settings, int64_t max_batch_bytes);

/// What is sent: everything borrowed. The value must stay until the delivery report, the rest only
/// for the call.
struct OutgoingRecord {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  int64_t timestamp_ms = -1;  ///< 0 means now: librdkafka cannot send that one timestamp
  rd_kafka_headers_t* headers = nullptr;  ///< Send() takes it
};

/// One life of a librdkafka producer and the topics it writes to. It ends with the first record
/// that cannot be stored; whoever holds it purges what is left and makes another.
class ProducerClient {
 public:
  /// `event_fd` is written to whenever there is something to Poll(). `log` must outlive it.
  ProducerClient(const ClientSettings& settings, int64_t max_batch_bytes, int event_fd,
                 const Log* log);

  TopicPtr MakeTopic(const std::string& name);

  /// Hands one record over without copying its value. `slot` comes back in its delivery report,
  /// unless this returns an error: then there will be none.
  rd_kafka_resp_err_t Send(rd_kafka_topic_t* topic, int32_t partition,
                           const OutgoingRecord& record, void* slot);

  /// The next event, a delivery report or an error, else null; never blocks.
  EventPtr Poll() { return EventPtr(rd_kafka_queue_poll(queue_.get(), 0)); }

  /// Drops what is not in flight; each record's delivery report says so.
  void Purge() {
    rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
  }

  /// The error that ended this life, RD_KAFKA_RESP_ERR_NO_ERROR if it goes on.
  rd_kafka_resp_err_t FatalError(std::string* text) const;

  /// The topic's number of partitions as the client knows it or can find out in `timeout_ms`,
  /// 0 if it cannot.
  int32_t PartitionCount(rd_kafka_topic_t* topic, int timeout_ms) const;

 private:
  HandlePtr handle_;
  QueuePtr queue_;
};

}  // namespace rk
