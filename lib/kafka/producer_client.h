#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "lib/kafka/config.h"
#include "lib/kafka/handle.h"
#include "lib/kafka/producer_lane.h"

/// Internal to lib/kafka: it includes librdkafka's header.
namespace rk {

/// What a producer does when the brokers refuse a record for good.
enum class AfterRefusal {
  kEnd,   ///< stores nothing more: what is behind must not overtake
  kGoOn,  ///< for records that are sent one by one
};

/// The configuration of a producer that gives up on no record that could be stored, and stores none
/// twice. `max_batch_bytes` bounds a request's batch. Throws Error(kConfiguration) naming a
/// property of the user's that would break this.
ConfPtr MakeProducerConf(const ClientSettings& settings, int64_t max_batch_bytes,
                         AfterRefusal after_refusal);

inline constexpr int64_t kNow = 0;  ///< as a timestamp; librdkafka cannot send this very one

/// What is sent: everything borrowed. The value must stay until the delivery report, the rest only
/// for the call.
struct OutgoingRecord {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  int64_t timestamp_ms = -1;              ///< or kNow
  rd_kafka_headers_t* headers = nullptr;  ///< Send() takes it
};

/// One life of a librdkafka producer. After an error that ends it whoever holds it purges what is
/// left and makes another.
class ProducerClient {
 public:
  /// `event_fd` is written to whenever there is something to Poll(). `log` must outlive it.
  ProducerClient(ConfPtr conf, const std::string& output, const std::string& dead_letters,
                 int event_fd, const Log* log);

  /// Hands one record over without copying its value. `slot` comes back in its delivery report,
  /// unless this returns an error: then there will be none.
  rd_kafka_resp_err_t Send(Destination destination, int32_t partition, const OutgoingRecord& record,
                           void* slot);

  /// The next event, a delivery report or an error, else null; never blocks.
  EventPtr Poll() { return EventPtr(rd_kafka_queue_poll(queue_.get(), 0)); }

  /// Drops what is not in flight; each record's delivery report says so.
  void Purge() {
    rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
  }

  /// The error that ended this life, and what it says.
  std::pair<rd_kafka_resp_err_t, std::string> FatalError() const;

  /// The topic's number of partitions, 0 if it cannot be found out in `timeout_ms`.
  int32_t PartitionCount(Destination destination, int timeout_ms) const;

 private:
  HandlePtr handle_;
  QueuePtr queue_;
  std::array<TopicPtr, 2> topics_;  ///< by Destination
};

}  // namespace rk
