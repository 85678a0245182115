#include "lib/read/ack_receiver.h"

#include <poll.h>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {

AckReceiver::AckReceiver(Window& window, const Origin& origin, bool shared, const Log& log)
    : window_(window), shared_(shared), log_(log), server_(directory_, origin, log) {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      Loop(stop);
    } catch (...) {
      window_.Fail(std::current_exception());
    }
  });
}

AckReceiver::~AckReceiver() {
  thread_.request_stop();
  wake_.Set();
  thread_.join();
}

void AckReceiver::Fence(const TopicPartition& partition, int64_t epoch) {
  AckMessage message;
  message.kind = AckKind::kFence;
  message.partition = partition;
  message.epoch = epoch;
  const std::lock_guard lock(mutex_);
  fences_.push_back(std::move(message));
  wake_.Set();
}

void AckReceiver::Loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd fds[] = {{server_.fd(), POLLIN, 0}, {wake_.fd(), POLLIN, 0}};
    poll(fds, 2, 1000);
    wake_.Clear();
    bool changed = false;
    while (const auto message = server_.TryReceive()) {
      Take(*message);
      changed = true;
    }
    if (changed) window_.Changed();
    SendFences();
  }
}

void AckReceiver::Take(const AckMessage& message) {
  if (message.kind == AckKind::kFenced) {
    const std::string text = fmt::format("topic {} partition {}: another reader took it over",
                                         message.partition.topic, message.partition.partition);
    if (!shared_) throw Error(ErrorKind::kTryAgain, text);
    log_(LogLevel::kWarning, text);
    return;
  }
  if (message.kind == AckKind::kNackAll) {
    window_.With([](Ledger& ledger) { ledger.NackAll(); });
    return;
  }
  window_.With([&](Ledger& ledger) {
    for (const OffsetRange& range : message.ranges) {
      if (message.kind == AckKind::kAck) {
        ledger.Acknowledge(message.partition, message.epoch, range);
      } else if (message.kind == AckKind::kNack) {
        ledger.Nack(message.partition, message.epoch, range, message.blame);
      }
    }
  });
}

void AckReceiver::SendFences() {
  std::vector<AckMessage> fences;
  {
    const std::lock_guard lock(mutex_);
    fences.swap(fences_);
  }
  for (const auto& fence : fences) server_.Broadcast(fence);
}

}  // namespace rk
