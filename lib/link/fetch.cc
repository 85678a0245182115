#include "lib/link/fetch.h"

#include <algorithm>
#include <utility>

#include "lib/link/frame_message.h"

namespace rk {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBetweenReports{500};
// A server that does not answer `leaving` for so long is gone.
constexpr milliseconds kLongestFarewell{1000};
// For the last report, when the process ends.
constexpr int kLingerMs = 500;

}  // namespace

FetchSource::FetchSource(Options options, LinkObserver observer)
    : options_(std::move(options)), observer_(std::move(observer)) {
  Connect();
  Tell();
  thread_ = std::jthread([this](const std::stop_token& stop) { Loop(stop); });
}

FetchSource::~FetchSource() {
  thread_.request_stop();
  thread_.join();
  ready_.Unwatch(socket_);
}

void FetchSource::Connect() {
  if (socket_) ready_.Unwatch(socket_);
  socket_ = MakeFrameSocket(context_, zmq::socket_type::dealer, options_.max_frame, 0);
  WithZmq("cannot connect to " + options_.address, [&] {
    socket_.set(zmq::sockopt::linger, kLingerMs);
    socket_.connect(options_.address);
  });
  ready_.Watch(socket_);
}

std::optional<Frame> FetchSource::TryReceive() {
  const Lock lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
  Receive();
  if (frames_.empty()) {
    ready_.NothingLeft();
    return std::nullopt;
  }
  Frame frame = std::move(frames_.front());
  frames_.pop_front();
  origin_ = frame.info().origin;
  if (RoomKnown() == 0 && Room() > 0) Tell();
  return frame;
}

void FetchSource::Done(const HeldRange& batch) {
  const Lock lock(mutex_);
  const auto found = held_.find(batch);
  if (found == held_.end()) return;
  if (--found->second == 0) held_.erase(found);
  --held_frames_;
  Tell();
}

void FetchSource::Leave() {
  const Lock lock(mutex_);
  if (left_at_) return;
  left_at_ = Clock::now();
  Tell();
}

bool FetchSource::ended() const {
  const Lock lock(mutex_);
  const bool unanswered = left_at_ && Clock::now() - *left_at_ >= kLongestFarewell;
  return (answered_ || unanswered) && frames_.empty();
}

void FetchSource::Loop(const std::stop_token& stop) {
  Lock lock(mutex_);
  while (!stopped_.wait_for(lock, stop, kBetweenReports, [&] { return stop.stop_requested(); })) {
    try {
      Receive();
      Tell();
    } catch (...) {
      failure_ = std::current_exception();
    }
    ready_.SomethingLeft();  // for all that the other thread knows
    if (failure_) return;
  }
}

// What has come, so that each report says all of it.
void FetchSource::Receive() {
  zmq::message_t message;
  while (TryReceivePart(socket_, message)) {
    if (SkipToEndOfMessage(socket_, message) && message.size() == 0) continue;
    Hear(message);
  }
}

void FetchSource::Hear(const zmq::message_t& message) {
  if (message.size() == 1) {
    answered_ = left_at_.has_value();
    return;
  }
  auto frame = ToFrame(message, options_.address, observer_);
  if (!frame) {
    // The server counts it as received; a new connection tells it that what is not here is lost.
    Connect();
    return Tell();
  }
  ++held_[BatchOf(frame->info())];
  ++held_frames_;
  ++received_;
  frames_.push_back(*std::move(frame));
}

void FetchSource::Tell() {
  const ReadyMessage state = State();
  told_room_ = state.capacity;
  told_received_ = state.received;
  TrySendPart(socket_, state.Encode(), zmq::send_flags::none);
  ready_.Check(socket_);
}

uint32_t FetchSource::Room() const {
  if (left_at_) return 0;
  const size_t busy = options_.isolates ? held_frames_ : frames_.size();
  return static_cast<uint32_t>(options_.prefetch - std::min(options_.prefetch, busy));
}

// As the server knows it: it has sent at least what came since it was told.
uint32_t FetchSource::RoomKnown() const {
  const uint64_t since = received_ - told_received_;
  return told_room_ - static_cast<uint32_t>(std::min<uint64_t>(told_room_, since));
}

ReadyMessage FetchSource::State() const {
  ReadyMessage state;
  state.instance = instance_;
  state.leaving = left_at_.has_value();
  state.isolates = options_.isolates;
  state.capacity = Room();
  state.received = received_;
  for (const auto& [held, frames] : held_) {
    if (!state.held.empty()) {
      HeldRange& last = state.held.back();
      if (last.partition == held.partition && last.epoch == held.epoch &&
          last.range.next == held.range.first) {
        last.range.next = held.range.next;
        continue;
      }
    }
    state.held.push_back(held);
  }
  return state;
}

}  // namespace rk
