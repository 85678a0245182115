#include "lib/read/ack_receiver.h"

#include <poll.h>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {

namespace {

AckMessage GroupMessage(const GroupMember& member) {
  AckMessage message;
  message.kind = AckKind::kGroup;
  message.epoch = member.generation;
  message.names = {member.member_id, member.instance_id};
  return message;
}

}  // namespace

AckReceiver::AckReceiver(Window& window, const Origin& origin, bool shared, bool exactly_once,
                         const Log& log, const std::optional<LinkAddress>& tcp)
    : window_(window),
      shared_(shared),
      exactly_once_(exactly_once),
      log_(log),
      server_(directory_, origin, log, tcp) {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      Loop(stop);
    } catch (...) {
      window_.Fail(std::current_exception());
    }
  });
}

AckReceiver::~AckReceiver() {
  thread_.request_stop();
  wake_.Set();
  thread_.join();
}

void AckReceiver::Fence(const TopicPartition& partition, int64_t epoch) {
  AckMessage message;
  message.kind = AckKind::kFence;
  message.partition = partition;
  message.epoch = epoch;
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(message));
  wake_.Set();
}

void AckReceiver::SetMember(const GroupMember& member) {
  const std::lock_guard lock(mutex_);
  if (member_ == member) return;
  member_ = member;
  waiting_.push_back(GroupMessage(member));
  wake_.Set();
}

void AckReceiver::SetTopicId(const TopicPartition& partition, std::string id) {
  const std::lock_guard lock(mutex_);
  topic_ids_[partition] = std::move(id);
}

std::string AckReceiver::TopicId(const TopicPartition& partition) {
  const std::lock_guard lock(mutex_);
  const auto id = topic_ids_.find(partition);
  return id == topic_ids_.end() ? "" : id->second;
}

void AckReceiver::Loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd fds[] = {{server_.fd(), POLLIN, 0}, {wake_.fd(), POLLIN, 0}};
    poll(fds, 2, 1000);
    wake_.Clear();
    bool changed = false;
    while (const auto message = server_.TryReceive()) {
      Take(*message);
      changed = true;
    }
    if (changed) window_.Changed();
    SendWaiting();
  }
}

void AckReceiver::Take(const AckMessage& message) {
  CheckWriter(message.kind);
  if (message.kind == AckKind::kClaim) return OnClaim(message);
  if (message.kind == AckKind::kTaken) {
    return claimants_.Taken(message.partition, message.epoch, message.names.at(0));
  }
  if (message.kind == AckKind::kFenced) {
    if (IsRenewed(message)) return;
    const std::string text = fmt::format("topic {} partition {}: another reader took it over",
                                         message.partition.topic, message.partition.partition);
    if (!shared_) throw Error(ErrorKind::kTryAgain, text);
    log_(LogLevel::kWarning, text);
    return;
  }
  if (message.kind == AckKind::kNackAll) {
    window_.With([](Ledger& ledger) { ledger.NackAll(); });
    return;
  }
  window_.With([&](Ledger& ledger) {
    for (const OffsetRange& range : message.ranges) {
      if (message.kind == AckKind::kAck) {
        ledger.Acknowledge(message.partition, message.epoch, range);
      } else if (message.kind == AckKind::kNack) {
        ledger.Nack(message.partition, message.epoch, range, message.blame);
      }
    }
  });
}

std::optional<GroupMember> AckReceiver::SendWaiting() {
  std::vector<AckMessage> waiting;
  std::optional<GroupMember> member;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(waiting_);
    member = member_;
  }
  for (const auto& message : waiting) server_.Broadcast(message);
  return member;
}

/// Both ends have to be told: one alone would commit too much, or nothing.
void AckReceiver::CheckWriter(AckKind kind) {
  if (kind == AckKind::kClaim) claimed_ = true;
  if (!exactly_once_ && claimed_) {
    throw Error(ErrorKind::kConfiguration, "rk-write --exactly-once needs rk-read --exactly-once");
  }
  if (exactly_once_ && !claimed_ && kind == AckKind::kAck) {
    throw Error(ErrorKind::kConfiguration, "rk-read --exactly-once needs rk-write --exactly-once");
  }
}

/// A writer is to write what was sent of a partition in one epoch. In the current one it may, once
/// it has fenced those that may still hold something of earlier ones; what belongs to another has
/// been sent again, or given up.
void AckReceiver::OnClaim(const AckMessage& claim) {
  const auto member = SendWaiting();
  const bool current = window_.With([&](Ledger& ledger) {
    return ledger.Owns(claim.partition) && ledger.epoch(claim.partition) == claim.epoch;
  });
  AckMessage answer = claim;
  if (current && member) {
    server_.SendTo(server_.sender(), GroupMessage(*member));
    answer.kind = AckKind::kGrant;
    answer.names = {claim.names.at(1), TopicId(claim.partition)};
    for (std::string& id : claimants_.Claim(claim.partition, claim.epoch, claim.names.at(0)))
      answer.names.push_back(std::move(id));
  } else {
    answer.kind = AckKind::kFence;
    answer.names.clear();
  }
  server_.SendTo(server_.sender(), answer);
}

/// What was sent in that epoch has been sent again by ourselves.
bool AckReceiver::IsRenewed(const AckMessage& fenced) {
  return exactly_once_ && window_.With([&](Ledger& ledger) {
    return ledger.Owns(fenced.partition) && ledger.epoch(fenced.partition) > fenced.epoch;
  });
}

}  // namespace rk
