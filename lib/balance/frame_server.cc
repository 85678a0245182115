#include "lib/balance/frame_server.h"

#include <utility>

#include <fmt/format.h>

#include "lib/link/endpoint.h"

namespace rk {

FrameServer::FrameServer(const Options& options, LinkObserver observer)
    : observer_(observer),
      socket_(options.path, options.max_frame, observer),
      acks_(std::move(observer.log)),
      balancer_(options.queue_records, options.by),
      next_tick_(Clock::now() + kBetweenTicks) {}

Error FrameServer::NobodyCame() const {
  return Error(ErrorKind::kTryAgain,
               fmt::format("nobody fetches from {}: what is unacknowledged is read again at the "
                           "next start",
                           socket_.address()));
}

void FrameServer::Add(FrameMessage frame, Clock::time_point now) {
  balancer_.Add(std::move(frame), now);
  Dispatch(now);
}

void FrameServer::Serve(Clock::time_point now) {
  while (const auto report = socket_.TryReceive()) Hear(*report, now);
  Dispatch(now);
  if (now >= next_tick_) OnTick(now);
}

void FrameServer::Hear(const ServeSocket::Report& report, Clock::time_point now) {
  nobody_came_ = false;
  Nack(balancer_.OnReady(report.peer, report.ready, now), "has lost its connection");
  if (report.ready.leaving && !socket_.SayNothingFollows(report.peer)) Remove(report.peer);
}

void FrameServer::Dispatch(Clock::time_point now) {
  while (auto next = balancer_.Next(now)) {
    if (socket_.Send(next->peer, next->frame)) {
      observer_.waited(next->waited);
      continue;
    }
    const std::string peer = next->peer;
    balancer_.GiveBack(*std::move(next), now);
    Remove(peer);
  }
  observer_.waiting(balancer_.waiting_records());
}

void FrameServer::OnTick(Clock::time_point now) {
  next_tick_ = now + kBetweenTicks;
  Nack(balancer_.DropSilent(now), "is silent");
  Nack(balancer_.FindUninformed(now), "does not know what another one has stored");
  for (const std::string& peer : balancer_.peers()) {
    if (!socket_.Probe(peer)) Remove(peer);
  }
  while (acks_.TryReceive()) continue;  // fences are for writers
  acks_.Expire(now);
}

void FrameServer::Remove(const std::string& peer) { Nack(balancer_.RemovePeer(peer), "is gone"); }

void FrameServer::Nack(const std::vector<Balancer::LostBatch>& lost, const char* why) {
  if (lost.empty()) return;
  observer_.log(LogLevel::kWarning,
                fmt::format("a stage on {} {}: requested replay of its batches batches={}",
                            socket_.address(), why, lost.size()));
  for (const Balancer::LostBatch& one : lost) {
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
