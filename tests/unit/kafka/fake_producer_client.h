#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/kafka/producer_client.h"

namespace rk {

/// What a fake client was given, and to which topic's partition.
struct SentRecord {
  Destination destination;
  int32_t partition;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::string>> more_headers;
  QueuedRecord* queued;
};

/// A client of no broker: it keeps what it is given until the test says what became of it.
class FakeProducerClient : public ProducerClient {
 public:
  explicit FakeProducerClient(AfterRejection after) : after_rejection(after) {}

  std::optional<DeliveryError> Send(const OutgoingRecord& record, QueuedRecord& queued) override {
    if (send_error) return std::exchange(send_error, std::nullopt);
    std::optional<std::string> value;
    if (record.value) value.emplace(*record.value);
    in_flight.push_back({queued.destination,
                         queued.queue->partition(),
                         std::move(value),
                         {record.more_headers.begin(), record.more_headers.end()},
                         &queued});
    return std::nullopt;
  }
  void Poll(Listener& listener) override {
    while (!events.empty()) {
      const auto event = std::move(events.front());
      events.pop_front();
      event(listener);
    }
  }
  void Purge() override {
    while (!in_flight.empty()) FailFirst({DeliveryError::Cause::kElsewhere, {}, "purged"});
  }
  /// Never of the dead letters, as if it was always too soon.
  int32_t PartitionCount(Destination destination, int /*timeout_ms*/) override {
    return destination == Destination::kOutput ? 1 : 0;
  }
  void ForgetErrors() override { ++forgotten; }
  Error LastError(const std::string& what) const override {
    return {ErrorKind::kUnavailable, what};
  }

  /// The next Poll() says so of the first in flight, which is returned.
  SentRecord StoreFirst() {
    const SentRecord sent = TakeFirst();
    events.emplace_back([sent](Listener& listener) {
      listener.OnStored(*sent.queued, sent.value.value_or("").size());
    });
    return sent;
  }
  SentRecord FailFirst(const DeliveryError& error) {
    const SentRecord sent = TakeFirst();
    events.emplace_back(
        [sent, error](Listener& listener) { listener.OnNotStored(*sent.queued, error); });
    return sent;
  }
  void End(const FatalError& error) {
    events.emplace_back([this, error](Listener& listener) { listener.OnFatal(*this, error); });
  }
  std::vector<std::string> values() const {
    std::vector<std::string> values;
    for (const SentRecord& sent : in_flight) values.push_back(sent.value.value_or("null"));
    return values;
  }

  const AfterRejection after_rejection;
  std::deque<SentRecord> in_flight;
  std::deque<std::function<void(Listener&)>> events;
  std::optional<DeliveryError> send_error;  ///< of the next Send()
  int forgotten = 0;

 private:
  SentRecord TakeFirst() {
    SentRecord sent = in_flight.at(0);
    in_flight.pop_front();
    return sent;
  }
};

}  // namespace rk
