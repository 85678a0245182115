#include "lib/balance/frame_server.h"

#include <utility>

#include <fmt/format.h>

#include "lib/link/endpoint.h"

namespace rk {

FrameServer::FrameServer(const Options& options, LinkObserver observer)
    : observer_(observer),
      socket_(options.address, options.max_frame, observer),
      acks_(std::move(observer.log), options.address.keys),
      balancer_(options.queue_records, options.by),
      remote_(!IpcPath(options.address.text)),
      next_tick_(Clock::now() + kBetweenTicks) {}

Error FrameServer::NobodyCame() const {
  return Error(ErrorKind::kTryAgain,
               fmt::format("nobody fetches from {}: what is unacknowledged is read again at the "
                           "next start",
                           socket_.address()));
}

void FrameServer::Add(FrameMessage frame, Clock::time_point now) {
  if (remote_) readers_[std::string(frame.info().ack_endpoint)] = now;
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
  std::vector<Balancer::LostBatch> silent = balancer_.DropSilent(now);
  for (Balancer::LostBatch& one : silent) one.blame &= !remote_;
  Nack(silent, "is silent");
  Nack(balancer_.FindUninformed(now), "does not know what another one has stored");
  for (const std::string& peer : balancer_.peers()) {
    if (!socket_.Probe(peer)) Remove(peer);
  }
  ReplayForLostPeers();
  observer_.fetchers(balancer_.present());
  while (acks_.TryReceive()) continue;  // fences are for writers
  acks_.Expire(now);
}

void FrameServer::Remove(const std::string& peer) { Nack(balancer_.RemovePeer(peer), "is gone"); }

void FrameServer::ReplayForLostPeers() {
  const bool lost = std::exchange(lost_peers_, balancer_.lost_peers()) != balancer_.lost_peers();
  std::erase_if(readers_,
                [this](const auto& one) { return next_tick_ - one.second > kForgetReaderAfter; });
  if (!remote_ || !lost || readers_.empty()) return;
  observer_.log(LogLevel::kWarning,
                fmt::format("lost a stage on {}: requested replay of in-flight batches readers={}",
                            socket_.address(), readers_.size()));
  AckMessage message;
  message.kind = AckKind::kNackAll;
  for (const auto& [endpoint, seen] : readers_) {
    if (acks_.Reaches(endpoint)) acks_.Send(endpoint, message);
  }
}

void FrameServer::Nack(const std::vector<Balancer::LostBatch>& lost, const char* why) {
  if (lost.empty()) return;
  observer_.log(LogLevel::kWarning,
                fmt::format("a stage on {} {}: requested replay of its batches batches={}",
                            socket_.address(), why, lost.size()));
  for (const Balancer::LostBatch& one : lost) {
    if (!acks_.Reaches(one.ack_endpoint)) continue;  // from a file, or nonsense: nobody to tell
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
