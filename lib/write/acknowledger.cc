#include "lib/write/acknowledger.h"

#include <utility>

#include <fmt/format.h>

#include "lib/link/endpoint.h"
#include "lib/link/socket_file.h"

namespace rk {
namespace {

bool SamePartition(const AckMessage& message, const BatchInfo& info) {
  return message.epoch == info.epoch && message.partition.partition == info.partition &&
         message.partition.topic == info.topic;
}

AckMessage MakeMessage(AckKind kind, const BatchInfo& info) {
  AckMessage message;
  message.kind = kind;
  message.partition = {std::string(info.topic), info.partition};
  message.epoch = info.epoch;
  return message;
}

}  // namespace

void Acknowledger::Heard(const BatchInfo& batch, Clock::time_point now) {
  auto reader = readers_.find(batch.ack_endpoint);
  if (reader == readers_.end()) {
    reader = readers_.emplace(std::string(batch.ack_endpoint), Reader{}).first;
    if (networked_ && !IsAlive(reader->first)) {
      log_(LogLevel::kWarning,
           fmt::format("nobody takes acknowledgements at {}: a reader on another machine needs "
                       "--ack tcp://ADDRESS:PORT",
                       reader->first));
    }
  }
  reader->second = {batch.origin, now};
}

void Acknowledger::Acknowledge(const BatchInfo& batch) {
  const OffsetRange range{batch.first_offset, batch.next_offset};
  for (Pending& pending : pending_) {
    if (pending.endpoint != batch.ack_endpoint || !SamePartition(pending.message, batch)) continue;
    OffsetRange& last = pending.message.ranges.back();
    if (last.next == range.first) {
      last.next = range.next;
    } else {
      pending.message.ranges.push_back(range);
    }
    return;
  }
  pending_.push_back({std::string(batch.ack_endpoint), MakeMessage(AckKind::kAck, batch)});
  pending_.back().message.ranges.push_back(range);
}

void Acknowledger::Nack(const BatchInfo& batch) {
  AckMessage message = MakeMessage(AckKind::kNack, batch);
  message.ranges.push_back({batch.first_offset, batch.next_offset});
  channel_.Send(std::string(batch.ack_endpoint), message);
}

void Acknowledger::Fenced(const BatchInfo& batch) {
  channel_.Send(std::string(batch.ack_endpoint), MakeMessage(AckKind::kFenced, batch));
}

void Acknowledger::Refuse(const BatchInfo& batch, bool exactly_once) {
  AckMessage message = MakeMessage(exactly_once ? AckKind::kClaim : AckKind::kAck, batch);
  message.epoch = 0;  // none of a reader's
  if (exactly_once) {
    message.names = {"", "0"};
  } else {
    message.ranges.push_back({batch.first_offset, batch.next_offset});
  }
  channel_.Send(std::string(batch.ack_endpoint), message);
}

void Acknowledger::Flush(Clock::time_point now, std::chrono::milliseconds company) {
  if (pending_.empty() || now < flushed_ + company) return;
  flushed_ = now;
  SendPending();
}

void Acknowledger::SendPending() {
  for (const Pending& pending : pending_) channel_.Send(pending.endpoint, pending.message);
  pending_.clear();
}

void Acknowledger::Tell(AckKind kind, const PartitionClaim& claim, std::vector<std::string> names) {
  AckMessage message;
  message.kind = kind;
  message.partition = claim.partition;
  message.epoch = claim.epoch;
  message.names = std::move(names);
  channel_.Send(claim.endpoint, message);
}

bool Acknowledger::IsAlive(const std::string& endpoint) const {
  const auto path = IpcPath(endpoint);
  return !path || IsLive(*path);
}

std::optional<Acknowledger::Told> Acknowledger::NextTold() {
  while (auto incoming = channel_.TryReceive()) {
    const auto reader = readers_.find(incoming->endpoint);
    if (reader == readers_.end()) continue;
    return Told{reader->first, reader->second.origin, std::move(incoming->message)};
  }
  return std::nullopt;
}

void Acknowledger::Expire(Clock::time_point now) {
  channel_.Expire(now);
  std::erase_if(readers_, [now](const auto& reader) {
    return now - reader.second.seen > kForgetReaderAfter;
  });
}

void Acknowledger::Close(std::chrono::milliseconds timeout) {
  SendPending();
  channel_.Close(timeout);
}

}  // namespace rk
