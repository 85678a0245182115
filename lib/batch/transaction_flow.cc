#include "lib/batch/transaction_flow.h"

#include <algorithm>
#include <limits>

namespace rk {
namespace {

constexpr int64_t kNothingCommitted = std::numeric_limits<int64_t>::min();

bool SamePartition(const PartitionClaim& one, const PartitionClaim& other) {
  return one.endpoint == other.endpoint && one.partition == other.partition;
}

}  // namespace

PartitionClaim TransactionFlow::ClaimOf(const Frame& frame) {
  const BatchInfo& info = frame.info();
  return {std::string(info.ack_endpoint), {std::string(info.topic), info.partition}, info.epoch};
}

GroupPartition TransactionFlow::PartitionOf(const Frame& frame) {
  const BatchInfo& info = frame.info();
  return {std::string(info.group), {std::string(info.topic), info.partition}};
}

void TransactionFlow::Take(FramePtr frame, Clock::time_point now) {
  int64_t& latest = epochs_[PartitionOf(*frame)];
  if (frame->info().epoch > latest) {
    latest = frame->info().epoch;
    DropWhere([&](const Frame& other) { return IsStale(other); });
  }
  const PartitionClaim claim = ClaimOf(*frame);
  Reader& reader = readers_[claim.endpoint];
  reader.heard = now;
  const Grant& grant = grants_[claim];
  if (grant.state == Grant::State::kTaken && frame->info().next_offset <= grant.committed) {
    done_.push_back(std::move(frame));
    return;
  }
  ++reader.frames;
  reader.bytes += frame->bytes().size();
  waiting_.push_back(std::move(frame));
}

void TransactionFlow::OnGroup(const std::string& endpoint, GroupMember member) {
  readers_[endpoint].member = std::move(member);
}

void TransactionFlow::OnGrant(const PartitionClaim& claim, uint64_t life, std::string topic_id,
                              std::vector<std::string> earlier) {
  if (life != life_) return;
  const auto grant = grants_.find(claim);
  if (grant == grants_.end() || grant->second.state != Grant::State::kAsked) return;
  grant->second.state = Grant::State::kGranted;
  grant->second.topic_id = std::move(topic_id);
  grant->second.earlier = std::move(earlier);
  readers_[claim.endpoint].silent = false;
}

void TransactionFlow::OnFence(const PartitionClaim& fence) {
  const auto over = [&](const PartitionClaim& claim) {
    return SamePartition(claim, fence) && claim.epoch <= fence.epoch;
  };
  DropWhere([&](const Frame& frame) { return over(ClaimOf(frame)); });
  std::erase_if(grants_, [&](const auto& grant) { return over(grant.first); });
  const auto reader = readers_.find(fence.endpoint);
  if (reader != readers_.end()) reader->second.silent = false;
  // What is left of the transaction must not be committed under a later generation.
  if (state_ != State::kOpen) return;
  must_abort_ |= std::ranges::any_of(in_transaction_, [&](const Entry& entry) {
    return entry.dropped && over(ClaimOf(*entry.frame));
  });
}

void TransactionFlow::OnGone(const std::string& endpoint) {
  DropWhere([&](const Frame& frame) { return frame.info().ack_endpoint == endpoint; });
  std::erase_if(grants_, [&](const auto& grant) { return grant.first.endpoint == endpoint; });
}

std::vector<PartitionClaim> TransactionFlow::TakeClaims(Clock::time_point now) {
  std::vector<PartitionClaim> claims;
  if (state_ == State::kClosed || state_ == State::kOpening) return claims;
  for (auto& [claim, grant] : grants_) {
    const bool again = grant.state == Grant::State::kAsked && now - grant.asked >= kAskAgainAfter;
    if (again) readers_[claim.endpoint].silent = true;
    if (grant.state != Grant::State::kWanted && !again) continue;
    grant.state = Grant::State::kAsked;
    grant.asked = now;
    claims.push_back(claim);
  }
  std::erase_if(readers_, [&](const auto& entry) {
    const std::string& endpoint = entry.first;
    const Reader& reader = entry.second;
    if (reader.frames > 0 || now - reader.heard < kGrantsHoldFor) return false;
    std::erase_if(grants_, [&](const auto& grant) { return grant.first.endpoint == endpoint; });
    return true;
  });
  return claims;
}

std::vector<std::string> TransactionFlow::AwaitedReaders() const {
  std::vector<std::string> awaited;
  for (const auto& [endpoint, reader] : readers_) {
    if (reader.frames > 0 && (!reader.member || IsBlocked(reader))) awaited.push_back(endpoint);
  }
  return awaited;
}

TransactionFlow::Step TransactionFlow::Next(Clock::time_point now, size_t in_flight) {
  switch (state_) {
    case State::kClosed:
      state_ = State::kOpening;
      return Step::kOpen;
    case State::kIdle:
      if (TakeoverIsDue()) {
        StartTakeover();
        return Step::kTakeOver;
      }
      if (FindProducible() == waiting_.end()) return Step::kNothing;
      state_ = State::kOpen;
      began_ = now;
      must_abort_ = false;
      return Step::kBegin;
    case State::kOpen: {
      if (!must_abort_ && !TakeoverIsDue() && now - began_ < commit_interval_ &&
          FindProducible() != waiting_.end()) {
        return Step::kProduce;
      }
      if (in_flight > 0) return Step::kNothing;
      state_ = must_abort_ ? State::kAborting : State::kCommitting;
      return must_abort_ ? Step::kAbort : Step::kCommit;
    }
    default:
      return Step::kNothing;
  }
}

std::optional<TransactionFlow::Clock::time_point> TransactionFlow::due() const {
  if (state_ != State::kOpen) return std::nullopt;
  return began_ + commit_interval_;
}

bool TransactionFlow::TakeoverIsDue() const {
  return std::ranges::any_of(
      grants_, [](const auto& grant) { return grant.second.state == Grant::State::kGranted; });
}

void TransactionFlow::StartTakeover() {
  state_ = State::kTakingOver;
  takeover_ = {};
  for (auto& [claim, grant] : grants_) {
    if (grant.state != Grant::State::kGranted) continue;
    grant.state = Grant::State::kTaking;
    for (const std::string& id : grant.earlier) {
      if (id != id_) takeover_.fence.insert(id);
    }
  }
  for (const FramePtr& frame : waiting_) {
    const auto grant = grants_.find(ClaimOf(*frame));
    if (grant != grants_.end() && grant->second.state == Grant::State::kTaking)
      takeover_.partitions[PartitionOf(*frame)] = grant->second.topic_id;
  }
}

void TransactionFlow::OnTakenOver(const std::map<GroupPartition, int64_t>& committed) {
  state_ = State::kIdle;
  std::deque<FramePtr> waiting;
  for (FramePtr& frame : waiting_) {
    const auto grant = grants_.find(ClaimOf(*frame));
    const bool taking = grant != grants_.end() && grant->second.state == Grant::State::kTaking;
    if (taking) {
      const auto offset = committed.find(PartitionOf(*frame));
      grant->second.committed = offset == committed.end() ? kNothingCommitted : offset->second;
    }
    if (taking && frame->info().next_offset <= grant->second.committed) {
      Leave(*frame);
      done_.push_back(std::move(frame));
    } else {
      waiting.push_back(std::move(frame));
    }
  }
  waiting_ = std::move(waiting);
  for (auto& [claim, grant] : grants_) {
    if (grant.state != Grant::State::kTaking) continue;
    grant.state = Grant::State::kTaken;
    taken_.push_back(claim);
  }
}

bool TransactionFlow::IsBlocked(const Reader& reader) {
  return reader.silent || (reader.member && reader.member == reader.refused);
}

bool TransactionFlow::MayBeProduced(const Frame& frame) const {
  const PartitionClaim claim = ClaimOf(frame);
  const auto grant = grants_.find(claim);
  if (grant == grants_.end() || grant->second.state != Grant::State::kTaken) return false;
  const Reader& reader = readers_.at(claim.endpoint);
  return reader.member && reader.member != reader.refused;
}

std::deque<TransactionFlow::FramePtr>::iterator TransactionFlow::FindProducible() {
  return std::ranges::find_if(waiting_, [&](const auto& frame) { return MayBeProduced(*frame); });
}

TransactionFlow::ToProduce TransactionFlow::NextFrame() {
  const auto next = FindProducible();
  ToProduce produce{std::move(*next), 0};
  waiting_.erase(next);
  const Grant& grant = grants_.at(ClaimOf(*produce.frame));
  produce.from = grant.committed;
  in_transaction_.push_back({produce.frame, grant.topic_id});
  return produce;
}

std::vector<TransactionFlow::Offsets> TransactionFlow::offsets() const {
  std::map<std::pair<std::string, std::string>, std::map<TopicPartition, const Entry*>> ends;
  for (const Entry& entry : in_transaction_) {
    const BatchInfo& info = entry.frame->info();
    const Entry*& last = ends[{std::string(info.ack_endpoint), std::string(info.group)}]
                             [{std::string(info.topic), info.partition}];
    if (last == nullptr || last->frame->info().next_offset < info.next_offset) last = &entry;
  }
  std::vector<Offsets> all;
  for (const auto& [whose, partitions] : ends) {
    Offsets one{whose.first, whose.second, *readers_.at(whose.first).member, {}, {}};
    for (const auto& [partition, last] : partitions) {
      one.offsets.push_back({partition, last->frame->info().next_offset});
      one.topic_ids.push_back(last->topic_id);
    }
    all.push_back(std::move(one));
  }
  return all;
}

void TransactionFlow::OnCommitted(Outcome outcome, const std::optional<std::string>& refused) {
  if (refused) readers_[*refused].refused = readers_[*refused].member;
  switch (outcome) {
    case Outcome::kDone:
      state_ = State::kIdle;
      for (Entry& entry : in_transaction_) {
        Leave(*entry.frame);
        done_.push_back(std::move(entry.frame));
      }
      in_transaction_.clear();
      break;
    case Outcome::kAbort:
      state_ = State::kOpen;
      must_abort_ = true;
      break;
    case Outcome::kLost:
      OnLost();
      break;
  }
}

void TransactionFlow::OnAborted(bool aborted) {
  if (!aborted) return OnLost();
  state_ = State::kIdle;
  ReturnTransaction();
}

void TransactionFlow::OnLost() {
  state_ = State::kClosed;
  ++life_;
  ReturnTransaction();
  grants_.clear();
  for (const FramePtr& frame : waiting_) grants_.try_emplace(ClaimOf(*frame));
}

/// What was in the transaction waits again, before all that came later.
void TransactionFlow::ReturnTransaction() {
  must_abort_ = false;
  for (auto entry = in_transaction_.rbegin(); entry != in_transaction_.rend(); ++entry) {
    if (entry->dropped || IsStale(*entry->frame)) {
      Drop(std::move(entry->frame));
    } else {
      waiting_.push_front(std::move(entry->frame));
    }
  }
  in_transaction_.clear();
}

bool TransactionFlow::IsStale(const Frame& frame) const {
  return frame.info().epoch < epochs_.at(PartitionOf(frame));
}

size_t TransactionFlow::outstanding_bytes() const {
  size_t bytes = 0;
  for (const auto& [endpoint, reader] : readers_) {
    if (!IsBlocked(reader)) bytes += reader.bytes;
  }
  return bytes;
}

std::vector<TransactionFlow::FramePtr> TransactionFlow::Abandon() {
  std::vector<FramePtr> frames;
  for (auto& entry : in_transaction_) frames.push_back(std::move(entry.frame));
  for (FramePtr& frame : waiting_) frames.push_back(std::move(frame));
  in_transaction_.clear();
  waiting_.clear();
  grants_.clear();
  for (const FramePtr& frame : frames) Leave(*frame);
  state_ = State::kClosed;
  ++life_;
  must_abort_ = false;
  return frames;
}

void TransactionFlow::Leave(const Frame& frame) {
  Reader& reader = readers_[std::string(frame.info().ack_endpoint)];
  --reader.frames;
  reader.bytes -= frame.bytes().size();
}

void TransactionFlow::Drop(FramePtr frame) {
  Leave(*frame);
  dropped_.push_back(std::move(frame));
}

template <typename Predicate>
void TransactionFlow::DropWhere(Predicate predicate) {
  std::deque<FramePtr> kept;
  for (FramePtr& frame : waiting_) {
    if (predicate(*frame)) {
      Drop(std::move(frame));
    } else {
      kept.push_back(std::move(frame));
    }
  }
  waiting_ = std::move(kept);
  for (Entry& entry : in_transaction_) entry.dropped = entry.dropped || predicate(*entry.frame);
}

}  // namespace rk
