#include "lib/balance/affinity.h"

#include <algorithm>

namespace rk {

void PartitionAffinity::SetPeers(const std::vector<std::string>& peers) {
  peers_ = peers;
  for (auto& [partition, assignment] : assignments_) {
    if (std::ranges::find(peers_, assignment.target) == peers_.end()) assignment.target.clear();
  }
  for (auto& [partition, assignment] : assignments_) {
    if (assignment.target.empty()) Assign(assignment);
  }
  if (peers_.empty()) return;
  const size_t most = (assignments_.size() + peers_.size() - 1) / peers_.size();
  for (auto& [partition, assignment] : assignments_) {
    if (CountOf(assignment.target) > most) Assign(assignment);
  }
}

void PartitionAffinity::Assign(Assignment& assignment) {
  assignment.target.clear();
  const auto least = std::ranges::min_element(
      peers_, {}, [this](const std::string& peer) { return CountOf(peer); });
  if (least != peers_.end()) assignment.target = *least;
}

size_t PartitionAffinity::CountOf(const std::string& peer) const {
  return static_cast<size_t>(std::ranges::count_if(
      assignments_, [&](const auto& entry) { return entry.second.target == peer; }));
}

std::optional<std::string> PartitionAffinity::PeerFor(const TopicPartition& partition) {
  const auto [found, fresh] = assignments_.try_emplace(partition);
  Assignment& assignment = found->second;
  if (fresh) Assign(assignment);
  if (assignment.target.empty()) return std::nullopt;
  if (assignment.in_flight.empty() || assignment.peer == assignment.target)
    return assignment.target;
  const std::string& holder = HolderOf(assignment);
  if (holder == assignment.target) return assignment.target;
  // One that got its part from a server before us may not know what was done elsewhere since, and
  // learns it from the next frame.
  const bool stays = (HasGap(assignment) || holder != assignment.peer) &&
                     std::ranges::find(peers_, holder) != peers_.end();
  return stays ? std::optional(holder) : std::nullopt;
}

// Who has some of what is in flight: the peer of the last frame, unless all of it is with others.
const std::string& PartitionAffinity::HolderOf(const Assignment& assignment) {
  const bool last_has = std::ranges::find(assignment.in_flight, assignment.peer, &Batch::peer) !=
                        assignment.in_flight.end();
  return last_has ? assignment.peer : assignment.in_flight.begin()->peer;
}

// What is in flight of an earlier epoch may be held back too, until something of this one comes.
bool PartitionAffinity::HasGap(const Assignment& assignment) {
  int64_t end = assignment.done.EndFrom(0);
  for (const Batch& batch : assignment.in_flight) {
    if (batch.epoch < assignment.epoch || batch.range.first > end) return true;
    end = std::max(end, batch.range.next);
  }
  return false;
}

int64_t PartitionAffinity::Sent(const HeldRange& batch, const std::string& peer, int64_t floor) {
  const auto [found, fresh] = assignments_.try_emplace(batch.partition);
  Assignment& assignment = found->second;
  if (fresh) assignment.target = peer;
  assignment.peer = peer;
  assignment.in_flight.insert({batch.epoch, batch.range, peer});
  if (batch.epoch > assignment.epoch) {
    assignment.epoch = batch.epoch;
    assignment.done = {};
  }
  if (batch.epoch < assignment.epoch) return floor;
  assignment.done.Add({0, floor});
  return assignment.done.EndFrom(0);
}

void PartitionAffinity::Settled(const HeldRange& batch, const std::string& peer, bool done) {
  const auto found = assignments_.find(batch.partition);
  if (found == assignments_.end()) return;
  Assignment& assignment = found->second;
  const auto settled = assignment.in_flight.find({batch.epoch, batch.range, peer});
  if (settled != assignment.in_flight.end()) assignment.in_flight.erase(settled);
  if (done && batch.epoch == assignment.epoch) assignment.done.Add(batch.range);
}

}  // namespace rk
