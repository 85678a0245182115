#include "lib/balance/affinity.h"

#include <algorithm>

namespace rk {

void PartitionAffinity::SetPeers(const std::vector<std::string>& peers) {
  peers_ = peers;
  for (auto& [partition, assignment] : assignments_) {
    if (!IsPeer(assignment.target)) assignment.target.clear();
    // One that comes back may have dropped what it had.
    std::erase_if(assignment.had, [this](const auto& entry) { return !IsPeer(entry.first); });
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
  const auto elsewhere = [&] {
    return assignment.held.size() > assignment.held.count(assignment.target);
  };
  for (auto batch = assignment.in_flight.begin();
       elsewhere() && batch != assignment.in_flight.end();) {
    if (IsDone(assignment, *batch)) {
      batch = Remove(assignment, batch);
    } else {
      if (IsPeer(batch->peer) && MayBeHeldBack(assignment, *batch)) return batch->peer;
      ++batch;
    }
  }
  return elsewhere() ? std::nullopt : std::optional(assignment.target);
}

std::multiset<PartitionAffinity::Batch>::iterator PartitionAffinity::Remove(
    Assignment& assignment, std::multiset<Batch>::iterator batch) {
  const auto held = assignment.held.find(batch->peer);
  if (--held->second == 0) assignment.held.erase(held);
  return assignment.in_flight.erase(batch);
}

bool PartitionAffinity::IsPeer(const std::string& name) const {
  return std::ranges::find(peers_, name) != peers_.end();
}

// Another peer has done it.
bool PartitionAffinity::IsDone(const Assignment& assignment, const Batch& batch) {
  return batch.epoch == assignment.epoch && assignment.done.ContainsAll(batch.range);
}

// One of an earlier epoch may be until something of a later one comes.
bool PartitionAffinity::MayBeHeldBack(const Assignment& assignment, const Batch& batch) {
  const auto found = assignment.had.find(batch.peer);
  if (found == assignment.had.end()) return true;
  const Had& had = found->second;
  return batch.epoch == had.epoch && batch.range.first > had.offsets.EndFrom(0);
}

int64_t PartitionAffinity::Sent(const HeldRange& batch, const std::string& peer, int64_t floor) {
  Assignment& assignment = Add(batch, peer);
  if (batch.epoch == assignment.epoch) {
    assignment.done.Add({0, floor});
    floor = assignment.done.EndFrom(0);
  }
  Had& had = assignment.had[peer];
  if (batch.epoch == had.epoch) had.offsets.Add({0, floor});
  return floor;
}

void PartitionAffinity::Found(const HeldRange& batch, const std::string& peer) { Add(batch, peer); }

PartitionAffinity::Assignment& PartitionAffinity::Add(const HeldRange& batch,
                                                      const std::string& peer) {
  const auto [found, fresh] = assignments_.try_emplace(batch.partition);
  Assignment& assignment = found->second;
  if (fresh) assignment.target = peer;
  assignment.in_flight.insert({batch.epoch, batch.range, peer});
  ++assignment.held[peer];
  if (batch.epoch > assignment.epoch) {
    assignment.epoch = batch.epoch;
    assignment.done = {};
  }
  Had& had = assignment.had[peer];
  if (batch.epoch > had.epoch) had = {batch.epoch, {}};
  if (batch.epoch == had.epoch) had.offsets.Add(batch.range);
  return assignment;
}

std::vector<PartitionAffinity::Uninformed> PartitionAffinity::FindUninformed() const {
  std::vector<Uninformed> all;
  for (const auto& [partition, its_assignment] : assignments_) {
    const Assignment& assignment = its_assignment;  // clang 14 captures no structured binding
    const auto next = std::ranges::find_if(assignment.in_flight, [&](const Batch& batch) {
      return batch.epoch == assignment.epoch && !IsDone(assignment, batch);
    });
    if (next == assignment.in_flight.end() || !MayBeHeldBack(assignment, *next)) continue;
    if (next->range.first > assignment.done.EndFrom(0)) continue;
    all.push_back({{partition, next->epoch, next->range}, next->peer});
  }
  return all;
}

void PartitionAffinity::Settled(const HeldRange& batch, const std::string& peer, bool done) {
  const auto found = assignments_.find(batch.partition);
  if (found == assignments_.end()) return;
  Assignment& assignment = found->second;
  const auto settled = assignment.in_flight.find({batch.epoch, batch.range, peer});
  if (settled != assignment.in_flight.end()) Remove(assignment, settled);
  if (done && batch.epoch == assignment.epoch) assignment.done.Add(batch.range);
}

}  // namespace rk
