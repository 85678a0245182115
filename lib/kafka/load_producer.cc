#include "lib/kafka/load_producer.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "lib/kafka/handle.h"

namespace rk {
namespace {

constexpr int kRoomWaitMs = 10;

}  // namespace

class LoadProducer::Impl {
 public:
  Impl(const ClientSettings& settings, std::string topic, Log log)
      : topic_(std::move(topic)), log_(std::move(log)) {
    const std::array<Property, 5> defaults = {{{"linger.ms", "0"},
                                               {"enable.idempotence", "true"},
                                               {"partitioner", "murmur2_random"},
                                               {"queue.buffering.max.messages", "100000"},
                                               {"queue.buffering.max.kbytes", "131072"}}};
    ConfPtr conf = MakeConf(settings, defaults);
    rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    handle_ = MakeHandle(RD_KAFKA_PRODUCER, std::move(conf), &log_);
    queue_.reset(rd_kafka_queue_get_main(handle_.get()));
  }

  void Send(std::string_view key, std::string_view value) {
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    while ((error = TrySend(key, value)) == RD_KAFKA_RESP_ERR__QUEUE_FULL) Serve(kRoomWaitMs);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw Error(KindOf(error), fmt::format("topic {}: {}", topic_, rd_kafka_err2str(error)));
    }
  }

  void Serve(int timeout_ms) {
    while (const EventPtr event{rd_kafka_queue_poll(queue_.get(), std::exchange(timeout_ms, 0))}) {
      if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_ERROR) {
        log_(LogLevel::kWarning,
             fmt::format("{}; still trying", rd_kafka_event_error_string(event.get())));
      }
      while (const auto* message = rd_kafka_event_message_next(event.get())) Count(*message);
    }
  }

  size_t waiting() const { return static_cast<size_t>(rd_kafka_outq_len(handle_.get())); }

  uint64_t stored_ = 0;
  uint64_t rejected_ = 0;
  std::string reason_;

 private:
  rd_kafka_resp_err_t TrySend(std::string_view key, std::string_view value) {
    return rd_kafka_producev(
        handle_.get(), RD_KAFKA_V_TOPIC(topic_.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(key.data(), key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()), RD_KAFKA_V_END);
  }

  void Count(const rd_kafka_message_t& message) {
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++stored_;
      return;
    }
    ++rejected_;
    reason_ = rd_kafka_err2str(message.err);
  }

  std::string topic_;
  Log log_;
  HandlePtr handle_;
  QueuePtr queue_;
};

LoadProducer::LoadProducer(const ClientSettings& settings, std::string topic, Log log)
    : impl_(std::make_unique<Impl>(settings, std::move(topic), std::move(log))) {}
LoadProducer::~LoadProducer() = default;

void LoadProducer::Send(std::string_view key, std::string_view value) { impl_->Send(key, value); }

void LoadProducer::Poll() { impl_->Serve(0); }

bool LoadProducer::Flush(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (impl_->waiting() > 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    impl_->Serve(kRoomWaitMs);
  }
  return true;
}

uint64_t LoadProducer::stored() const { return impl_->stored_; }
uint64_t LoadProducer::rejected() const { return impl_->rejected_; }
std::string LoadProducer::reason() const { return impl_->reason_; }

}  // namespace rk
