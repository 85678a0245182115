#include "lib/kafka/rdkafka_producer_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/batch/record_encoding.h"

namespace rk {
namespace {

// The largest request that a broker takes by default is 100 MiB (socket.request.max.bytes). Below
// that it is the topic's limit that decides, not the client's.
constexpr char kMaxMessageBytes[] = "100000000";
constexpr int64_t kUsualBatchBytes = 1'000'000;

/// What the promises of a writer stand on.
struct Guarantee {
  const char* name;
  const char* value;
  const char* alias;  ///< another way to write the value, or ""
  const char* why;
};

constexpr char kOnce[] = "nothing is stored twice or out of order";
constexpr char kForEver[] = "no record is ever given up";
constexpr char kWindow[] = "the readers' --window-bytes bounds what is in flight";
constexpr std::array kGuarantees{
    Guarantee{"enable.idempotence", "true", "1", kOnce},
    Guarantee{"acks", "all", "-1", "a record is acknowledged when all replicas have it"},
    Guarantee{"request.required.acks", "all", "-1", "a record is acknowledged when all have it"},
    Guarantee{"message.timeout.ms", "0", "", kForEver},
    Guarantee{"delivery.timeout.ms", "0", "", kForEver},
    Guarantee{"retries", "2147483647", "", kForEver},
    Guarantee{"message.send.max.retries", "2147483647", "", kForEver},
    Guarantee{"queue.buffering.max.messages", "0", "", kWindow},
    Guarantee{"queue.buffering.max.kbytes", "2147483647", "", kWindow},
    Guarantee{"delivery.report.only.error", "false", "0", "each record's delivery is awaited"},
};

void CheckGuarantees(const ClientSettings& settings) {
  for (const Guarantee& guarantee : kGuarantees) {
    const auto given = settings.Find(guarantee.name);
    if (!given || *given == guarantee.value || *given == guarantee.alias) continue;
    throw Error(ErrorKind::kConfiguration, std::string("property ") + guarantee.name + "=" +
                                               *given + ": it must be " + guarantee.value +
                                               " here, since " + guarantee.why + "; leave it out");
  }
  if (settings.Find("transactional.id").value_or("") != "") {
    throw Error(ErrorKind::kConfiguration,
                "property transactional.id: use --exactly-once and --transactional-id");
  }
}

void* Bytes(std::string_view view) {
  // A null pointer would make a null of an empty key or value.
  return const_cast<char*>(view.data() == nullptr ? "" : view.data());
}

void AddHeader(rd_kafka_headers_t* headers, std::string_view name,
               std::optional<std::string_view> value) {
  // A null pointer is a null value, which is not an empty one.
  const char* bytes = !value ? nullptr : value->data() == nullptr ? "" : value->data();
  const size_t size = value ? value->size() : 0;
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), bytes,
                      static_cast<ssize_t>(size));
}

/// Null for a record without headers.
rd_kafka_headers_t* MakeHeaders(const OutgoingRecord& record) {
  if (record.headers.empty() && record.more_headers.empty()) return nullptr;
  constexpr size_t kUsualCount = 4;
  rd_kafka_headers_t* headers = rd_kafka_headers_new(kUsualCount + record.more_headers.size());
  HeaderReader reader(record.headers);
  for (HeaderView header; reader.Next(&header);) AddHeader(headers, header.name, header.value);
  for (const auto& [name, value] : record.more_headers) AddHeader(headers, name, value);
  return headers;
}

DeliveryError::Cause CauseOf(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
      return DeliveryError::Cause::kTooLarge;
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return DeliveryError::Cause::kTimestamp;
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return DeliveryError::Cause::kRecord;
    default:
      return DeliveryError::Cause::kElsewhere;
  }
}

// A message's rd_kafka_message_produce_errstr() points to freed memory in librdkafka 2.12.
DeliveryError MakeDeliveryError(rd_kafka_resp_err_t error) {
  return {CauseOf(error), KindOf(error), rd_kafka_err2str(error)};
}

}  // namespace

ConfPtr MakeProducerConf(const ClientSettings& settings, int64_t max_batch_bytes,
                         AfterRejection after_rejection) {
  CheckGuarantees(settings);
  const std::array defaults{
      Property("linger.ms", "0"),
      // Half of it is how soon a connection that is needed is made; a broker that is back is found
      // within the second.
      Property("reconnect.backoff.ms", "20"),
      Property("reconnect.backoff.max.ms", "1000"),
      Property("message.max.bytes", kMaxMessageBytes),
      Property("batch.size", std::to_string(std::min(max_batch_bytes, kUsualBatchBytes))),
      Property("allow.auto.create.topics", "false"),
  };
  ConfPtr conf = MakeConf(settings, defaults);
  for (const Guarantee& guarantee : kGuarantees) {
    SetProperty(conf.get(), {guarantee.name, guarantee.value});
  }
  SetProperty(conf.get(), {"enable.gapless.guarantee",
                           after_rejection == AfterRejection::kStop ? "true" : "false"});
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  return conf;
}

ConfPtr MakeTransactionalConf(const ClientSettings& settings, int64_t max_batch_bytes,
                              const std::string& id) {
  ConfPtr conf = MakeProducerConf(settings, max_batch_bytes, AfterRejection::kContinue);
  SetProperty(conf.get(), {"transactional.id", id});
  if (!settings.Find("transaction.timeout.ms"))
    SetProperty(conf.get(), {"transaction.timeout.ms", "10000"});
  return conf;
}

ConfPtr MakeStoredOffsetsConf(const ClientSettings& settings, const std::string& group) {
  ConfPtr conf = MakeConf(settings, {});
  SetProperty(conf.get(), {"group.id", group});
  SetProperty(conf.get(), {"isolation.level", "read_committed"});
  SetProperty(conf.get(), {"enable.auto.commit", "false"});
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_ERROR);
  return conf;
}

RdkafkaProducerClient::RdkafkaProducerClient(ConfPtr conf, const std::string& output,
                                             const std::string& dead_letters, int event_fd,
                                             const Log* log)
    : handle_(MakeHandle(RD_KAFKA_PRODUCER, std::move(conf), log)),
      queue_(rd_kafka_queue_get_main(handle_.get())),
      topics_{TopicPtr(rd_kafka_topic_new(handle_.get(), output.c_str(), nullptr)),
              TopicPtr(rd_kafka_topic_new(handle_.get(), dead_letters.c_str(), nullptr))} {
  constexpr uint64_t kOne = 1;
  rd_kafka_queue_io_event_enable(queue_.get(), event_fd, &kOne, sizeof(kOne));
}

std::optional<DeliveryError> RdkafkaProducerClient::Send(const OutgoingRecord& record,
                                                         QueuedRecord& queued) {
  std::array<rd_kafka_vu_t, 7> fields;
  fields[0].vtype = RD_KAFKA_VTYPE_RKT;
  fields[0].u.rkt = topics_[static_cast<size_t>(queued.destination)].get();
  fields[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  fields[1].u.i32 = queued.queue->partition();
  fields[2].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  fields[2].u.i64 = record.timestamp_ms;
  fields[3].vtype = RD_KAFKA_VTYPE_OPAQUE;
  fields[3].u.ptr = &queued;
  size_t count = 4;
  if (record.value) {
    fields[count].vtype = RD_KAFKA_VTYPE_VALUE;
    fields[count++].u.mem = {Bytes(*record.value), record.value->size()};
  }
  if (record.key) {
    fields[count].vtype = RD_KAFKA_VTYPE_KEY;
    fields[count++].u.mem = {Bytes(*record.key), record.key->size()};
  }
  rd_kafka_headers_t* headers = MakeHeaders(record);
  if (headers != nullptr) {
    fields[count].vtype = RD_KAFKA_VTYPE_HEADERS;
    fields[count++].u.headers = headers;
  }
  const ErrorPtr error(rd_kafka_produceva(handle_.get(), fields.data(), count));
  if (!error) return std::nullopt;
  if (headers != nullptr) rd_kafka_headers_destroy(headers);
  return MakeDeliveryError(rd_kafka_error_code(error.get()));
}

void RdkafkaProducerClient::Poll(Listener& listener) {
  while (const EventPtr event{rd_kafka_queue_poll(queue_.get(), 0)}) Tell(listener, event.get());
}

void RdkafkaProducerClient::Tell(Listener& listener, rd_kafka_event_t* event) {
  if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event)) {
      auto& queued = *static_cast<QueuedRecord*>(message->_private);
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        listener.OnStored(queued, message->len);
      } else {
        listener.OnNotStored(queued, MakeDeliveryError(message->err));
      }
    }
  } else if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__FATAL) {
    listener.OnFatal(*this, MakeFatalError());
  } else {
    last_error_.Note(event);
  }
}

void RdkafkaProducerClient::Purge() {
  rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

FatalError RdkafkaProducerClient::MakeFatalError() const {
  char reason[512] = "";
  const auto error = rd_kafka_fatal_error(handle_.get(), reason, sizeof(reason));
  return {error == RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE, KindOf(error), reason};
}

int32_t RdkafkaProducerClient::PartitionCount(Destination destination, int timeout_ms) {
  const rd_kafka_metadata_t* answer = nullptr;
  const auto error = rd_kafka_metadata(
      handle_.get(), 0, topics_[static_cast<size_t>(destination)].get(), &answer, timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
  const int32_t count = answer->topic_cnt == 1 ? answer->topics[0].partition_cnt : 0;
  rd_kafka_metadata_destroy(answer);
  return count;
}

}  // namespace rk
