#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/error.h"
#include "lib/kafka/output_partition_queue.h"

/// The producing client that Producer stands on: librdkafka's (rdkafka_producer_client.h), or a
/// test's own. Nothing here knows librdkafka.
namespace rk {

/// What a client does when the brokers reject a record for good.
enum class AfterRejection {
  kStop,      ///< stores nothing more: what is behind must not overtake
  kContinue,  ///< for records that are sent one by one
};

/// Why a record was not stored.
struct DeliveryError {
  /// The first three lie in the record: sending it again can never help.
  enum class Cause {
    kTooLarge,   ///< for the topic, or for a request
    kTimestamp,  ///< out of the topic's bounds
    kRecord,     ///< whatever else is wrong with it
    kElsewhere,  ///< `kind` says whether trying again can help
  };
  Cause cause = Cause::kElsewhere;
  ErrorKind kind = ErrorKind::kUnavailable;
  std::string text;  ///< for people

  bool lies_in_record() const { return cause != Cause::kElsewhere; }
};

/// Why a client can go on no more.
struct FatalError {
  bool rejected = false;  ///< AfterRejection::kStop: the everyday way
  ErrorKind kind = ErrorKind::kTryAgain;
  std::string text;
};

inline constexpr int64_t kNow = 0;  ///< as a timestamp; librdkafka cannot send this very one

/// What is sent: everything borrowed. The value must stay until the delivery report, the rest only
/// for the call.
struct OutgoingRecord {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  int64_t timestamp_ms = -1;                                          ///< or kNow
  std::string_view headers;                                           ///< encoded as in a frame
  std::span<const std::pair<std::string, std::string>> more_headers;  ///< behind those
};

/// One life of a producing client: idempotent, acks=all, and it gives no record up. After a
/// FatalError whoever holds it purges what is left and makes another. Used by one thread.
class ProducerClient {
 public:
  /// What Poll() has to tell.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnStored(QueuedRecord& record, size_t value_bytes) = 0;
    virtual void OnNotStored(QueuedRecord& record, const DeliveryError& error) = 0;
    virtual void OnFatal(const ProducerClient& client, const FatalError& error) = 0;
  };

  virtual ~ProducerClient() = default;

  /// Hands one record over without copying its value. `queued` comes back in its delivery report,
  /// unless this returns an error: then there will be none.
  virtual std::optional<DeliveryError> Send(const OutgoingRecord& record, QueuedRecord& queued) = 0;

  /// Tells all there is to tell; never blocks.
  virtual void Poll(Listener& listener) = 0;

  /// Drops what is not in flight; each record's delivery report says so.
  virtual void Purge() = 0;

  /// The topic's number of partitions, 0 if it cannot be found out within `timeout_ms`.
  virtual int32_t PartitionCount(Destination destination, int timeout_ms) = 0;

  /// Delivery goes on: what there was to complain of is over.
  virtual void ForgetErrors() = 0;
  /// `what`, and what there was last to complain of.
  virtual Error LastError(const std::string& what) const = 0;
};

/// Makes a client that writes to `event_fd` whenever there is something to Poll(). Throws Error.
using ProducerClientFactory =
    std::function<std::unique_ptr<ProducerClient>(AfterRejection after_rejection, int event_fd)>;

}  // namespace rk
