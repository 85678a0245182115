#include "lib/kafka/producer_client.h"

#include <algorithm>
#include <array>
#include <utility>

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
                "property transactional.id: transactions are not supported; leave it out");
  }
}

void* Bytes(std::string_view view) {
  // A null pointer would make a null of an empty key or value.
  return const_cast<char*>(view.data() == nullptr ? "" : view.data());
}

}  // namespace

ConfPtr MakeProducerConf(const ClientSettings& settings, int64_t max_batch_bytes,
                         AfterRefusal after_refusal) {
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
  SetProperty(conf.get(),
              {"enable.gapless.guarantee", after_refusal == AfterRefusal::kEnd ? "true" : "false"});
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  return conf;
}

ProducerClient::ProducerClient(ConfPtr conf, const std::string& output,
                               const std::string& dead_letters, int event_fd, const Log* log)
    : handle_(MakeHandle(RD_KAFKA_PRODUCER, std::move(conf), log)),
      queue_(rd_kafka_queue_get_main(handle_.get())),
      topics_{TopicPtr(rd_kafka_topic_new(handle_.get(), output.c_str(), nullptr)),
              TopicPtr(rd_kafka_topic_new(handle_.get(), dead_letters.c_str(), nullptr))} {
  constexpr uint64_t kOne = 1;
  rd_kafka_queue_io_event_enable(queue_.get(), event_fd, &kOne, sizeof(kOne));
}

rd_kafka_resp_err_t ProducerClient::Send(Destination destination, int32_t partition,
                                         const OutgoingRecord& record, void* slot) {
  std::array<rd_kafka_vu_t, 7> fields;
  fields[0].vtype = RD_KAFKA_VTYPE_RKT;
  fields[0].u.rkt = topics_[static_cast<size_t>(destination)].get();
  fields[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  fields[1].u.i32 = partition;
  fields[2].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  fields[2].u.i64 = record.timestamp_ms;
  fields[3].vtype = RD_KAFKA_VTYPE_OPAQUE;
  fields[3].u.ptr = slot;
  size_t count = 4;
  if (record.value) {
    fields[count].vtype = RD_KAFKA_VTYPE_VALUE;
    fields[count++].u.mem = {Bytes(*record.value), record.value->size()};
  }
  if (record.key) {
    fields[count].vtype = RD_KAFKA_VTYPE_KEY;
    fields[count++].u.mem = {Bytes(*record.key), record.key->size()};
  }
  if (record.headers != nullptr) {
    fields[count].vtype = RD_KAFKA_VTYPE_HEADERS;
    fields[count++].u.headers = record.headers;
  }
  const ErrorPtr error(rd_kafka_produceva(handle_.get(), fields.data(), count));
  if (!error) return RD_KAFKA_RESP_ERR_NO_ERROR;
  if (record.headers != nullptr) rd_kafka_headers_destroy(record.headers);
  return rd_kafka_error_code(error.get());
}

std::pair<rd_kafka_resp_err_t, std::string> ProducerClient::FatalError() const {
  char reason[512] = "";
  const auto error = rd_kafka_fatal_error(handle_.get(), reason, sizeof(reason));
  return {error, reason};
}

int32_t ProducerClient::PartitionCount(Destination destination, int timeout_ms) const {
  const rd_kafka_metadata_t* answer = nullptr;
  const auto error = rd_kafka_metadata(
      handle_.get(), 0, topics_[static_cast<size_t>(destination)].get(), &answer, timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
  const int32_t count = answer->topic_cnt == 1 ? answer->topics[0].partition_cnt : 0;
  rd_kafka_metadata_destroy(answer);
  return count;
}

}  // namespace rk
