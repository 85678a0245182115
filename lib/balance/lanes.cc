#include "lib/balance/lanes.h"

#include <algorithm>

namespace rk {

void Lanes::SetPeers(const std::vector<std::string>& peers) {
  peers_ = peers;
  for (auto& [partition, lane] : lanes_) {
    if (std::ranges::find(peers_, lane.target) == peers_.end()) lane.target.clear();
  }
  for (auto& [partition, lane] : lanes_) {
    if (lane.target.empty()) Assign(lane);
  }
  if (peers_.empty()) return;
  const size_t most = (lanes_.size() + peers_.size() - 1) / peers_.size();
  for (auto& [partition, lane] : lanes_) {
    if (CountOf(lane.target) > most) Assign(lane);
  }
}

void Lanes::Assign(Lane& lane) {
  lane.target.clear();
  const auto least = std::ranges::min_element(
      peers_, {}, [this](const std::string& peer) { return CountOf(peer); });
  if (least != peers_.end()) lane.target = *least;
}

size_t Lanes::CountOf(const std::string& peer) const {
  return static_cast<size_t>(std::ranges::count_if(
      lanes_, [&](const auto& entry) { return entry.second.target == peer; }));
}

std::optional<std::string> Lanes::PeerFor(const TopicPartition& partition) {
  const auto [found, fresh] = lanes_.try_emplace(partition);
  Lane& lane = found->second;
  if (fresh) Assign(lane);
  if (lane.target.empty()) return std::nullopt;
  if (lane.in_flight.empty() || lane.peer == lane.target) return lane.target;
  const std::string& holder = HolderOf(lane);
  if (holder == lane.target) return lane.target;
  // One that got its part from a server before us may not know what was done elsewhere since, and
  // learns it from the next frame.
  const bool stays =
      (HasGap(lane) || holder != lane.peer) && std::ranges::find(peers_, holder) != peers_.end();
  return stays ? std::optional(holder) : std::nullopt;
}

// Who has some of what is in flight: the peer of the last frame, unless all of it is with others.
const std::string& Lanes::HolderOf(const Lane& lane) {
  const bool last_has =
      std::ranges::find(lane.in_flight, lane.peer, &Batch::peer) != lane.in_flight.end();
  return last_has ? lane.peer : lane.in_flight.begin()->peer;
}

// What is in flight of an earlier epoch may be held back too, until something of this one comes.
bool Lanes::HasGap(const Lane& lane) {
  int64_t end = lane.done.EndFrom(0);
  for (const Batch& batch : lane.in_flight) {
    if (batch.epoch < lane.epoch || batch.range.first > end) return true;
    end = std::max(end, batch.range.next);
  }
  return false;
}

int64_t Lanes::Sent(const HeldRange& batch, const std::string& peer, int64_t floor) {
  const auto [found, fresh] = lanes_.try_emplace(batch.partition);
  Lane& lane = found->second;
  if (fresh) lane.target = peer;
  lane.peer = peer;
  lane.in_flight.insert({batch.epoch, batch.range, peer});
  if (batch.epoch > lane.epoch) {
    lane.epoch = batch.epoch;
    lane.done = {};
  }
  if (batch.epoch < lane.epoch) return floor;
  lane.done.Add({0, floor});
  return lane.done.EndFrom(0);
}

void Lanes::Settled(const HeldRange& batch, const std::string& peer, bool done) {
  const auto found = lanes_.find(batch.partition);
  if (found == lanes_.end()) return;
  Lane& lane = found->second;
  const auto settled = lane.in_flight.find({batch.epoch, batch.range, peer});
  if (settled != lane.in_flight.end()) lane.in_flight.erase(settled);
  if (done && batch.epoch == lane.epoch) lane.done.Add(batch.range);
}

}  // namespace rk
