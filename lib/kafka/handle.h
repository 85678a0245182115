#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <librdkafka/rdkafka.h>

#include "lib/base/error.h"
#include "lib/base/log.h"
#include "lib/kafka/config.h"

/// What the .cc files of lib/kafka share about librdkafka; the only header that includes it, and
/// not to be included outside lib/kafka.
namespace rk {

template <auto destroy>
struct DestroyWith {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};

template <typename T, auto destroy>
using Owned = std::unique_ptr<T, DestroyWith<destroy>>;

using ConfPtr = Owned<rd_kafka_conf_t, rd_kafka_conf_destroy>;
using HandlePtr = Owned<rd_kafka_t, rd_kafka_destroy>;
using QueuePtr = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using EventPtr = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;
using TopicPtr = Owned<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using ListPtr = Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;
using AdminOptionsPtr = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using ErrorPtr = Owned<rd_kafka_error_t, rd_kafka_error_destroy>;

/// Sets one property. Throws Error(kConfiguration) that names it.
void SetProperty(rd_kafka_conf_t* conf, const Property& property);

/// A configuration with `defaults` below what the user gave in `settings`. Throws
/// Error(kConfiguration) that names the property which is unknown or has a bad value.
ConfPtr MakeConf(const ClientSettings& settings, std::span<const Property> defaults);

/// A client of `type` made from `conf`, whose logs go to `log` (which must outlive it): what the
/// library calls an error is a warning of ours, since it goes on trying. Throws
/// Error(kConfiguration) for properties that do not fit one another.
HandlePtr MakeHandle(rd_kafka_type_t type, ConfPtr conf, const Log* log);

/// The one place that says what kind of error of ours a librdkafka error is.
ErrorKind KindOf(rd_kafka_resp_err_t error);

/// Which right it says is missing, as " (the user needs …)"; empty for another error.
std::string_view MissingRight(rd_kafka_resp_err_t error);

/// The last error that a client told of. An authentication error stays, because the ones that
/// follow it ("all brokers down", time-outs) only say the same less clearly.
class LastClientError {
 public:
  /// Takes an RD_KAFKA_EVENT_ERROR that is not fatal.
  void Note(rd_kafka_event_t* event);
  /// Delivery goes on: forget it.
  void Clear();

  bool empty() const { return text_.empty(); }
  bool is_authentication() const { return error_ == RD_KAFKA_RESP_ERR__AUTHENTICATION; }
  /// "<what>: <the error> (what to do)", of the kind of that error, kUnavailable without
  /// one.
  Error MakeError(const std::string& what) const;

 private:
  rd_kafka_resp_err_t error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string text_;
};

}  // namespace rk
