#include "lib/link/fetch.h"

#include <utility>

namespace rk {

FetchSource::FetchSource(Options options, LinkObserver observer)
    : observer_(observer), socket_(std::move(options), std::move(observer)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { Loop(stop); });
}

FetchSource::~FetchSource() {
  thread_.request_stop();
  thread_.join();
}

std::optional<Frame> FetchSource::TryReceive() {
  while (const auto message = TryReceiveMessage()) {
    auto frame = OpenMessage(*message, socket_.address(), observer_);
    if (frame) {
      origin_ = frame->info().origin;
      return frame;
    }
    const Lock lock(mutex_);
    socket_.Lost(BatchOf(message->info()));
  }
  return std::nullopt;
}

std::optional<FrameMessage> FetchSource::TryReceiveMessage() {
  const Lock lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
  return socket_.TryReceive();
}

void FetchSource::Done(const HeldRange& batch) {
  const Lock lock(mutex_);
  socket_.Done(batch);
}

void FetchSource::Abandon() {
  const Lock lock(mutex_);
  socket_.Abandon();
}

void FetchSource::Leave() {
  const Lock lock(mutex_);
  socket_.Leave();
}

bool FetchSource::ended() const {
  const Lock lock(mutex_);
  return socket_.ended();
}

void FetchSource::Loop(const std::stop_token& stop) {
  Lock lock(mutex_);
  const auto stopped = [&] { return stop.stop_requested(); };
  while (!stopped_.wait_for(lock, stop, FetchSocket::kBetweenReports, stopped)) {
    try {
      socket_.Report();
    } catch (...) {
      failure_ = std::current_exception();
    }
    socket_.WakeReceiver();  // for all that the other thread knows
    if (failure_) return;
  }
}

}  // namespace rk
