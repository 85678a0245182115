#include "lib/link/ack_message.h"

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/base/little_endian.h"

namespace rk {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kHeaderLength = 24;
constexpr size_t kRangeLength = 16;

constexpr size_t kVersionAt = 0;
constexpr size_t kKindAt = 1;
constexpr size_t kBlameAt = 2;
constexpr size_t kReservedAt = 3;
constexpr size_t kPartitionAt = 4;
constexpr size_t kEpochAt = 8;
constexpr size_t kTopicLengthAt = 16;
constexpr size_t kRangeCountAt = 20;

void Require(bool holds, const char* expected) {
  if (holds) return;
  throw Error(ErrorKind::kBadData, fmt::format("not an acknowledgement message: {}", expected));
}

bool HasRanges(AckKind kind) { return kind == AckKind::kAck || kind == AckKind::kNack; }

bool HasNames(AckKind kind) { return kind >= AckKind::kClaim; }

// The rules that Encode() keeps by how it is used and Decode() by checking.
void CheckMeaning(const AckMessage& message) {
  const bool of_group = message.kind == AckKind::kGroup;
  const bool of_all =
      of_group || message.kind == AckKind::kHello || message.kind == AckKind::kNackAll;
  Require(!of_all || message.partition.topic.empty(), "no topic in a message about all");
  Require(of_all ? message.partition.partition == 0 && (of_group || message.epoch == 0)
                 : message.partition.partition >= 0,
          "a partition");
  if (of_group) Require(message.names.size() == 2, "a member and an instance");
  if (message.kind == AckKind::kClaim) Require(message.names.size() == 2, "an id and a life");
  if (message.kind == AckKind::kGrant)
    Require(message.names.size() >= 2, "a life and a topic's id");
  if (message.kind == AckKind::kTaken) Require(message.names.size() == 1, "an id");
  Require(!message.blame || message.kind == AckKind::kNack, "blame only in a nack");
  Require(message.ranges.empty() != HasRanges(message.kind), "ranges in acks and nacks alone");
  for (const OffsetRange& range : message.ranges) {
    Require(range.first >= 0 && range.first <= range.next, "a range that begins before its end");
  }
}

constexpr char kLengths[] = "as many bytes as its lengths say";

void AppendNumber(size_t number, std::string& bytes) {
  char encoded[sizeof(uint32_t)];
  Store(encoded, static_cast<uint32_t>(number));
  bytes.append(encoded, sizeof encoded);
}

void AppendNames(const std::vector<std::string>& names, std::string& bytes) {
  AppendNumber(names.size(), bytes);
  for (const std::string& name : names) {
    AppendNumber(name.size(), bytes);
    bytes += name;
  }
}

size_t TakeNumber(std::string_view& bytes) {
  Require(bytes.size() >= sizeof(uint32_t), kLengths);
  const auto number = Load<uint32_t>(bytes.data());
  bytes.remove_prefix(sizeof number);
  return number;
}

/// All of `bytes`.
std::vector<std::string> TakeNames(std::string_view bytes) {
  std::vector<std::string> names;
  for (size_t left = TakeNumber(bytes); left > 0; --left) {
    const size_t length = TakeNumber(bytes);
    Require(length <= bytes.size(), kLengths);
    names.emplace_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  Require(bytes.empty(), kLengths);
  return names;
}

}  // namespace

std::string AckMessage::Encode() const {
  const std::string& topic = partition.topic;
  std::string bytes(kHeaderLength + topic.size() + ranges.size() * kRangeLength, '\0');
  Store(&bytes[kVersionAt], kVersion);
  Store(&bytes[kKindAt], kind);
  Store(&bytes[kBlameAt], uint8_t{blame});
  Store(&bytes[kPartitionAt], partition.partition);
  Store(&bytes[kEpochAt], epoch);
  Store(&bytes[kTopicLengthAt], static_cast<uint32_t>(topic.size()));
  Store(&bytes[kRangeCountAt], static_cast<uint32_t>(ranges.size()));
  topic.copy(&bytes[kHeaderLength], topic.size());
  char* at = bytes.data() + kHeaderLength + topic.size();
  for (const OffsetRange& range : ranges) {
    Store(at, range.first);
    Store(at + sizeof range.first, range.next);
    at += kRangeLength;
  }
  if (HasNames(kind)) AppendNames(names, bytes);
  return bytes;
}

AckMessage AckMessage::Decode(std::string_view bytes) {
  Require(bytes.size() >= kHeaderLength, "at least 24 bytes");
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(bytes[at]); };
  Require(byte(kVersionAt) == kVersion, "version 1");
  const auto kind = static_cast<AckKind>(bytes[kKindAt]);
  Require(kind >= AckKind::kHello && kind <= AckKind::kGroup, "a kind from 1 to 10");
  Require(byte(kBlameAt) <= 1 && byte(kReservedAt) == 0, "blame of 0 or 1, then 0");
  const uint64_t topic_length = Load<uint32_t>(&bytes[kTopicLengthAt]);
  const uint64_t range_count = Load<uint32_t>(&bytes[kRangeCountAt]);
  const uint64_t names_at = kHeaderLength + topic_length + range_count * kRangeLength;
  Require(HasNames(kind) ? bytes.size() >= names_at : bytes.size() == names_at, kLengths);

  AckMessage message;
  message.kind = kind;
  message.blame = byte(kBlameAt) == 1;
  message.partition.partition = Load<int32_t>(&bytes[kPartitionAt]);
  message.partition.topic = bytes.substr(kHeaderLength, topic_length);
  message.epoch = Load<int64_t>(&bytes[kEpochAt]);
  message.ranges.reserve(range_count);
  for (size_t at = kHeaderLength + topic_length; at < names_at; at += kRangeLength) {
    message.ranges.push_back({Load<int64_t>(&bytes[at]), Load<int64_t>(&bytes[at + 8])});
  }
  if (HasNames(kind)) message.names = TakeNames(bytes.substr(names_at));
  CheckMeaning(message);
  return message;
}

}  // namespace rk
