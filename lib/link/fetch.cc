#include "lib/link/fetch.h"

#include <poll.h>

#include <algorithm>
#include <array>
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
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      Loop(stop);
    } catch (...) {
      const Lock lock(mutex_);
      failure_ = std::current_exception();
      arrived_.Set();
    }
  });
}

FetchSource::~FetchSource() {
  thread_.request_stop();
  wake_.Set();
  thread_.join();
  ready_.reset();
}

void FetchSource::Connect() {
  ready_.reset();
  socket_ = MakeFrameSocket(context_, zmq::socket_type::dealer, options_.max_frame, 0);
  WithZmq("cannot connect to " + options_.address, [&] {
    socket_.set(zmq::sockopt::linger, kLingerMs);
    socket_.connect(options_.address);
  });
  ready_.emplace();
  ready_->Watch(socket_);
}

std::optional<Frame> FetchSource::TryReceive() {
  const Lock lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
  if (frames_.empty()) {
    if (!answered_) arrived_.Clear();
    return std::nullopt;
  }
  Frame frame = std::move(frames_.front());
  frames_.pop_front();
  origin_ = frame.info().origin;
  if (!options_.isolates) {
    changed_ = true;  // there is room for one more
    wake_.Set();
  }
  return frame;
}

void FetchSource::Done(const HeldRange& batch) {
  const Lock lock(mutex_);
  const auto found = held_.find(batch);
  if (found == held_.end()) return;
  if (--found->second == 0) held_.erase(found);
  --held_frames_;
  changed_ = true;
  wake_.Set();
}

void FetchSource::Leave() {
  const Lock lock(mutex_);
  if (std::exchange(leaving_, true)) return;
  changed_ = true;
  wake_.Set();
}

bool FetchSource::ended() const {
  const Lock lock(mutex_);
  return answered_ && frames_.empty();
}

void FetchSource::Loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Receive();
    const Clock::time_point now = Clock::now();
    Report(now);
    std::array<pollfd, 2> watched{pollfd{ready_->fd(), POLLIN, 0}, pollfd{wake_.fd(), POLLIN, 0}};
    const auto left = std::chrono::ceil<milliseconds>(next_report_ - now);
    (void)poll(watched.data(), watched.size(), static_cast<int>(std::max(left.count(), 0L)));
    wake_.Clear();
  }
  Report(Clock::now());
}

void FetchSource::Receive() {
  zmq::message_t message;
  while (TryReceivePart(socket_, message)) {
    if (SkipToEndOfMessage(socket_, message) && message.size() == 0) continue;
    if (message.size() == 1) {
      const Lock lock(mutex_);
      answered_ = leaving_;
      arrived_.Set();
      continue;
    }
    auto frame = ToFrame(message, options_.address, observer_);
    if (frame) {
      Take(*std::move(frame));
      continue;
    }
    // The server counts it as received; a new connection tells it that what is not here is lost.
    Connect();
    const Lock lock(mutex_);
    changed_ = true;
    return;
  }
  ready_->NothingLeft();
}

void FetchSource::Take(Frame frame) {
  const Lock lock(mutex_);
  ++held_[BatchOf(frame.info())];
  ++held_frames_;
  ++received_;
  frames_.push_back(std::move(frame));
  arrived_.Set();
}

void FetchSource::Report(Clock::time_point now) {
  Lock lock(mutex_);
  if (leaving_ && left_at_ == Clock::time_point::max()) left_at_ = now;
  if (leaving_ && !answered_ && now - left_at_ >= kLongestFarewell) {
    answered_ = true;
    arrived_.Set();
  }
  if (!changed_ && now < next_report_) return;
  changed_ = false;
  const std::string message = State().Encode();
  lock.unlock();
  next_report_ = now + kBetweenReports;
  TrySendPart(socket_, message, zmq::send_flags::none);
  ready_->Check(socket_);
}

ReadyMessage FetchSource::State() const {
  ReadyMessage state;
  state.instance = instance_;
  state.leaving = leaving_;
  state.isolates = options_.isolates;
  const size_t busy = options_.isolates ? held_frames_ : frames_.size();
  state.capacity =
      leaving_ ? 0 : static_cast<uint32_t>(options_.prefetch - std::min(options_.prefetch, busy));
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
