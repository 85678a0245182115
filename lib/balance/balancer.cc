#include "lib/balance/balancer.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace rk {
namespace {

// For one batch, through FindUninformed().
constexpr std::chrono::seconds kBetweenRequests{1};

// A batch without records takes room too.
size_t WeightOf(const FrameMessage& frame) { return std::max<size_t>(frame.record_count(), 1); }

bool IsSuspect(const FrameMessage& frame) { return frame.info().attempt > 0; }

bool IsAmong(const HeldRange& batch, const std::vector<HeldRange>& held) {
  return std::ranges::any_of(held, [&](const HeldRange& one) {
    return one.epoch == batch.epoch && one.range.first < batch.range.next &&
           batch.range.first < one.range.next && one.partition == batch.partition;
  });
}

}  // namespace

bool Balancer::Idle() const {
  return queue_.empty() &&
         std::ranges::all_of(peers_, [](const auto& p) { return p.second.outstanding.empty(); });
}

size_t Balancer::present() const {
  return static_cast<size_t>(
      std::ranges::count_if(peers_, [](const auto& one) { return one.second.present(); }));
}

std::vector<std::string> Balancer::peers() const {
  std::vector<std::string> names;
  for (const auto& [name, peer] : peers_) names.push_back(name);
  return names;
}

void Balancer::Add(FrameMessage frame, Clock::time_point now) {
  waiting_records_ += WeightOf(frame);
  queue_.push_back({std::move(frame), now});
}

std::optional<Balancer::Dispatch> Balancer::Next(Clock::time_point now) {
  for (auto waiting = queue_.begin(); waiting != queue_.end(); ++waiting) {
    const auto chosen = Choose(waiting->frame);
    if (chosen == peers_.end()) {
      // What lies behind would find no peer either, unless this one is bound to its own.
      if (by_ == By::kPartition || IsSuspect(waiting->frame)) continue;
      return std::nullopt;
    }
    Dispatch dispatch{chosen->first, std::move(waiting->frame), now - waiting->since};
    queue_.erase(waiting);
    waiting_records_ -= WeightOf(dispatch.frame);
    Peer& peer = chosen->second;
    peer.turn = ++turn_;
    peer.has_suspect = peer.isolates && IsSuspect(dispatch.frame);
    const HeldRange batch = BatchOf(dispatch.frame.info());
    peer.outstanding.push_back(
        {batch, std::string(dispatch.frame.info().ack_endpoint), ++peer.sent});
    if (by_ == By::kPartition) {
      // A peer that has had none of this partition yet learns here what another one has done.
      const BatchInfo& info = dispatch.frame.info();
      const int64_t floor = affinity_.Sent(batch, chosen->first, info.floor);
      if (floor != info.floor) dispatch.frame.Stamp(floor, info.attempt);
    }
    return dispatch;
  }
  return std::nullopt;
}

void Balancer::GiveBack(Dispatch dispatch, Clock::time_point now) {
  Peer& peer = peers_.at(dispatch.peer);
  if (by_ == By::kPartition) affinity_.Settled(peer.outstanding.back().batch, dispatch.peer, false);
  peer.outstanding.pop_back();
  waiting_records_ += WeightOf(dispatch.frame);
  queue_.push_front({std::move(dispatch.frame), now - dispatch.waited});
}

Balancer::Peers::iterator Balancer::Choose(const FrameMessage& frame) {
  std::optional<std::string> only;
  if (by_ == By::kPartition) {
    only = affinity_.PeerFor({std::string(frame.info().topic), frame.info().partition});
    if (!only) return peers_.end();
  }
  return IsSuspect(frame) ? ChooseIdle(only) : LeastOutstanding(only);
}

// For a suspect. Peers that isolate nothing take it as it comes.
Balancer::Peers::iterator Balancer::ChooseIdle(const std::optional<std::string>& only) {
  auto best = peers_.end();
  for (auto peer = peers_.begin(); peer != peers_.end(); ++peer) {
    if ((only && peer->first != *only) || !peer->second.present()) continue;
    const auto rank = [](const auto& one) {
      return std::pair(one->second.outstanding.size(), one->second.turn);
    };
    if (best == peers_.end() || rank(peer) < rank(best)) best = peer;
  }
  if (best == peers_.end()) return best;
  if (!best->second.isolates) return best->second.may_take() ? best : peers_.end();
  if (best->second.outstanding.empty() && best->second.may_take()) {
    reserved_.clear();
    return best;
  }
  if (reserved_.empty()) reserved_ = best->first;
  return peers_.end();
}

Balancer::Peers::iterator Balancer::LeastOutstanding(const std::optional<std::string>& only) {
  auto best = peers_.end();
  for (auto peer = peers_.begin(); peer != peers_.end(); ++peer) {
    if (only && peer->first != *only) continue;
    if (!peer->second.may_take() || peer->first == reserved_) continue;
    const auto rank = [](const auto& one) {
      return std::pair(one->second.outstanding.size(), one->second.turn);
    };
    if (best == peers_.end() || rank(peer) < rank(best)) best = peer;
  }
  return best;
}

std::vector<Balancer::LostBatch> Balancer::OnReady(const std::string& name,
                                                   const ReadyMessage& message,
                                                   Clock::time_point now) {
  std::vector<LostBatch> lost;
  const auto [found, fresh] = peers_.try_emplace(name);
  Peer& peer = found->second;
  if (fresh) {
    peer.instance = message.instance;
    lost = Inherit(name, message);
    TakeOver(name, peer, message);
  }
  const bool changed = fresh || peer.silent || peer.leaving != message.leaving;
  peer.seen = now;
  peer.silent = false;
  peer.isolates = message.isolates;
  peer.leaving = message.leaving;
  peer.capacity = message.capacity;
  peer.received = std::min(message.received, peer.sent);
  Settle(name, peer, message);
  if (peer.leaving && reserved_ == name) reserved_.clear();
  if (changed) UpdateAffinity();
  return lost;
}

// The same process under another name has made a new connection: what it holds it has said, and
// whatever else was on the old one is lost.
std::vector<Balancer::LostBatch> Balancer::Inherit(const std::string& name,
                                                   const ReadyMessage& message) {
  const auto old = std::ranges::find_if(peers_, [&](const auto& one) {
    return one.first != name && one.second.instance == message.instance;
  });
  if (old == peers_.end()) return {};
  Peer& peer = peers_.at(name);
  for (Outstanding& one : old->second.outstanding) {
    if (!IsAmong(one.batch, message.held)) continue;
    one.number = 0;
    peer.outstanding.push_back(one);
    if (by_ == By::kPartition) affinity_.Found(one.batch, name);
  }
  std::vector<LostBatch> lost = Forget(old->first);
  std::erase_if(lost, [&](const LostBatch& one) { return IsAmong(one.batch, message.held); });
  for (LostBatch& one : lost) one.blame = false;
  return lost;
}

// What it holds that we did not send came from the server before us.
void Balancer::TakeOver(const std::string& name, Peer& peer, const ReadyMessage& message) {
  for (const HeldRange& held : message.held) {
    const bool known = std::ranges::any_of(
        peer.outstanding, [&](const Outstanding& one) { return IsAmong(one.batch, {held}); });
    if (known) continue;
    peer.outstanding.push_back({held, "", 0});
    if (by_ == By::kPartition) affinity_.Found(held, name);
  }
}

void Balancer::Settle(const std::string& name, Peer& peer, const ReadyMessage& message) {
  std::erase_if(peer.outstanding, [&](const Outstanding& one) {
    if (one.number > peer.received || IsAmong(one.batch, message.held)) return false;
    if (by_ == By::kPartition) affinity_.Settled(one.batch, name, message.stores);
    return true;
  });
  if (peer.outstanding.empty()) peer.has_suspect = false;
}

std::vector<Balancer::LostBatch> Balancer::RemovePeer(const std::string& name) {
  const auto peer = peers_.find(name);
  if (peer != peers_.end() && peer->second.present()) ++lost_peers_;
  return Forget(name);
}

std::vector<Balancer::LostBatch> Balancer::Forget(const std::string& name) {
  const auto peer = peers_.find(name);
  if (peer == peers_.end()) return {};
  std::vector<LostBatch> lost = TakeFrom(name, peer->second);
  if (reserved_ == name) reserved_.clear();
  peers_.erase(peer);
  UpdateAffinity();
  return lost;
}

// It is not forgotten: should it wake up, what it received counts from where it did before.
std::vector<Balancer::LostBatch> Balancer::DropSilent(Clock::time_point now) {
  std::vector<LostBatch> lost;
  for (auto& [name, peer] : peers_) {
    if (peer.silent || now - peer.seen < kSilence) continue;
    if (peer.present()) ++lost_peers_;
    peer.silent = true;
    if (reserved_ == name) reserved_.clear();
    for (LostBatch& one : TakeFrom(name, peer)) lost.push_back(std::move(one));
    UpdateAffinity();
  }
  return lost;
}

std::vector<Balancer::LostBatch> Balancer::FindUninformed(Clock::time_point now) {
  std::vector<LostBatch> found;
  for (const auto& [batch, name] : affinity_.FindUninformed()) {
    const auto peer = peers_.find(name);
    if (peer == peers_.end() || Waits(batch.partition)) continue;
    const auto sent = std::ranges::find(peer->second.outstanding, batch, &Outstanding::batch);
    if (sent == peer->second.outstanding.end() || sent->ack_endpoint.empty()) continue;
    const auto [asked, first] = asked_.try_emplace(batch.partition, now);
    if (!first && now - asked->second < kBetweenRequests) continue;
    asked->second = now;
    found.push_back({sent->ack_endpoint, batch, false});
  }
  return found;
}

bool Balancer::Waits(const TopicPartition& partition) const {
  return std::ranges::any_of(queue_, [&](const Waiting& waiting) {
    const BatchInfo& info = waiting.frame.info();
    return info.partition == partition.partition && info.topic == partition.topic;
  });
}

std::vector<Balancer::LostBatch> Balancer::TakeFrom(const std::string& name, Peer& peer) {
  std::vector<LostBatch> lost;
  for (Outstanding& one : peer.outstanding) {
    if (by_ == By::kPartition) affinity_.Settled(one.batch, name, false);
    if (one.ack_endpoint.empty()) continue;
    lost.push_back({std::move(one.ack_endpoint), std::move(one.batch), peer.isolates});
  }
  peer.outstanding.clear();
  peer.has_suspect = false;
  return lost;
}

void Balancer::UpdateAffinity() {
  if (by_ != By::kPartition) return;
  std::vector<std::string> taking;
  for (const auto& [name, peer] : peers_) {
    if (peer.present()) taking.push_back(name);
  }
  affinity_.SetPeers(taking);
}

}  // namespace rk
