#include "lib/read/sender.h"

#include <poll.h>

#include "lib/base/error.h"

namespace rk {
namespace {

constexpr std::chrono::milliseconds kIdle{500};

void ThrowIfGone(const Sink& sink) {
  pollfd output{sink.fd(), 0, 0};
  if (poll(&output, 1, 0) > 0 && (output.revents & POLLERR))
    throw Error(ErrorKind::kBrokenPipe, "the output is closed: the next stage is gone");
}

}  // namespace

Sender::Sender(Window& window, Sink& sink) : window_(window), sink_(sink) {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      Loop(stop);
    } catch (...) {
      window_.Fail(std::current_exception());
    }
  });
}

void Sender::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  window_.WakeSender();
  thread_.join();
}

void Sender::Loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (!window_.WaitForUnsent(kIdle)) {
      ThrowIfGone(sink_);
      sink_.CheckNeighbour();
      continue;
    }
    const std::lock_guard lock(sending_);
    SendNext();
  }
}

void Sender::Added(size_t bytes) {
  if (!TrySend(bytes)) window_.Changed();
}

bool Sender::TrySend(size_t bytes) {
  const std::unique_lock lock(sending_, std::try_to_lock);
  if (!lock || !sink_.HasRoom(bytes)) return false;
  if (window_.With([](Ledger& ledger) { return ledger.unsent(); }) != 1) return false;
  SendNext();
  return true;
}

void Sender::SendNext() {
  const auto frame = window_.NextToSend();
  if (!frame) return;
  sink_.Send(*frame);
  if (sink_.acknowledged()) return;
  const BatchInfo& info = frame->info();
  window_.With([&](Ledger& ledger) {
    ledger.Acknowledge({std::string(info.topic), info.partition}, info.epoch,
                       {info.first_offset, info.next_offset});
  });
  window_.Changed();
}

}  // namespace rk
