#include "lib/balance/serve.h"

#include <poll.h>

#include <array>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/endpoint.h"
#include "lib/link/frame_message.h"

namespace rk {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBetweenProbes{100};

}  // namespace

ServeSink::ServeSink(const Options& options, LinkObserver observer)
    : observer_(std::move(observer)),
      // No mark: a fetcher's capacity bounds what is sent to it.
      socket_(MakeFrameSocket(context_, zmq::socket_type::router, options.max_frame, 0)),
      binding_(socket_, options.path),
      acks_(observer_.log),
      balancer_(options.queue_records, options.by) {
  WithZmq("cannot set up a link", [&] { socket_.set(zmq::sockopt::router_mandatory, true); });
  ready_.Watch(socket_);
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      Loop(stop);
    } catch (...) {
      const Lock lock(mutex_);
      failure_ = std::current_exception();
    }
    changed_.notify_all();
  });
}

ServeSink::~ServeSink() {
  thread_.request_stop();
  wake_.Set();
  thread_.join();
  ready_.Unwatch(socket_);
}

void ServeSink::Give(Frame frame) {
  Lock lock(mutex_);
  changed_.wait(lock, [&] { return failure_ || balancer_.HasRoom(); });
  RethrowFailure();
  const Clock::time_point now = Clock::now();
  balancer_.Add(std::move(frame), now);
  Dispatch(now);
  observer_.waiting(balancer_.waiting_records());
}

void ServeSink::Finish(const Origin& /*origin*/) {
  Lock lock(mutex_);
  changed_.wait(lock, [&] { return failure_ || balancer_.Idle(); });
  RethrowFailure();
}

void ServeSink::RethrowFailure() const {
  if (failure_) std::rethrow_exception(failure_);
}

void ServeSink::Loop(const std::stop_token& stop) {
  Clock::time_point next_probe = Clock::now() + kBetweenProbes;
  while (!stop.stop_requested()) {
    Wait(next_probe);
    wake_.Clear();
    const Clock::time_point now = Clock::now();
    {
      const Lock lock(mutex_);
      Receive(now);
      Dispatch(now);
      if (now >= next_probe) {
        Probe(now);
        next_probe = now + kBetweenProbes;
      }
      observer_.waiting(balancer_.waiting_records());
      while (acks_.TryReceive()) continue;  // fences are for writers
      acks_.Expire(now);
    }
    changed_.notify_all();
  }
}

void ServeSink::Wait(Clock::time_point until) const {
  std::array<pollfd, 2> watched{pollfd{ready_.fd(), POLLIN, 0}, pollfd{wake_.fd(), POLLIN, 0}};
  const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
  (void)poll(watched.data(), watched.size(), static_cast<int>(std::max(left.count(), 0L)));
}

void ServeSink::Receive(Clock::time_point now) {
  zmq::message_t peer;
  while (TryReceivePart(socket_, peer)) {
    zmq::message_t message;
    if (!peer.more() || !TryReceivePart(socket_, message)) continue;
    if (!SkipToEndOfMessage(socket_, message)) message.rebuild();
    Hear(peer.to_string(), message, now);
  }
  ready_.NothingLeft();
}

void ServeSink::Hear(const std::string& peer, const zmq::message_t& message,
                     Clock::time_point now) {
  ReadyMessage ready;
  try {
    ready = ReadyMessage::Decode(message.to_string_view());
  } catch (const Error& error) {
    observer_.dropped();
    observer_.log(LogLevel::kWarning,
                  fmt::format("dropped a message on {}: {}", binding_.address(), error.what()));
    return;
  }
  Refuse(balancer_.Heard(peer, ready, now), "has lost its connection");
  if (ready.leaving && !SendTo(peer, zmq::message_t("", 1))) Drop(peer);
}

void ServeSink::Dispatch(Clock::time_point now) {
  while (auto next = balancer_.Next(now)) {
    if (!TrySendPart(socket_, next->peer, zmq::send_flags::sndmore)) {
      const std::string peer = next->peer;
      balancer_.GiveBack(*std::move(next), now);
      Drop(peer);
      continue;
    }
    observer_.waited(next->waited);
    WithZmq("cannot send on " + binding_.address(),
            [&] { socket_.send(ToMessage(std::move(next->frame)), zmq::send_flags::dontwait); });
  }
  ready_.Check(socket_);
}

void ServeSink::Probe(Clock::time_point now) {
  Refuse(balancer_.RefuseSilent(now), "is silent");
  for (const std::string& peer : balancer_.peers()) {
    if (!SendTo(peer, zmq::message_t())) Drop(peer);
  }
  ready_.Check(socket_);
}

bool ServeSink::SendTo(const std::string& peer, zmq::message_t message) {
  if (!TrySendPart(socket_, peer, zmq::send_flags::sndmore)) return false;
  WithZmq("cannot send on " + binding_.address(),
          [&] { socket_.send(std::move(message), zmq::send_flags::dontwait); });
  return true;
}

void ServeSink::Drop(const std::string& peer) { Refuse(balancer_.Gone(peer), "is gone"); }

void ServeSink::Refuse(const std::vector<Balancer::Refused>& refused, const char* why) {
  if (refused.empty()) return;
  observer_.log(LogLevel::kWarning,
                fmt::format("a stage on {} {}: what it held is sent again batches={}",
                            binding_.address(), why, refused.size()));
  for (const Balancer::Refused& one : refused) {
    if (!IpcPath(one.ack_endpoint)) continue;  // from a file, or nonsense: nobody to tell
    AckMessage message;
    message.kind = AckKind::kNack;
    message.blame = one.blame;
    message.partition = one.batch.partition;
    message.epoch = one.batch.epoch;
    message.ranges = {one.batch.range};
    acks_.Send(one.ack_endpoint, message);
  }
}

}  // namespace rk
