#include "lib/link/ready_message.h"

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/base/little_endian.h"
#include "lib/link/tcp_address.h"

namespace rk {
namespace {

constexpr uint8_t kVersion = 3;
constexpr uint8_t kLeaving = 1;
constexpr uint8_t kIsolates = 2;
constexpr uint8_t kStores = 4;

constexpr size_t kFlagsAt = 1;
constexpr size_t kLinkLengthAt = 2;
constexpr size_t kCapacityAt = 4;
constexpr size_t kReceivedAt = 8;
constexpr size_t kInstanceAt = 16;
constexpr size_t kHeldCountAt = 32;
constexpr size_t kReservedAt = 36;
constexpr size_t kConnectionAt = 40;
constexpr size_t kHeaderLength = 56;

constexpr size_t kTopicLengthAt = 4;
constexpr size_t kEpochAt = 8;
constexpr size_t kFirstAt = 16;
constexpr size_t kNextAt = 24;
constexpr size_t kHeldLength = 32;  // without the topic

void Require(bool holds, const char* expected) {
  if (holds) return;
  throw Error(ErrorKind::kBadData, fmt::format("not what a fetcher says: expected {}", expected));
}

HeldRange TakeHeld(std::string_view& rest) {
  Require(rest.size() >= kHeldLength, "a held range");
  HeldRange held;
  held.partition.partition = Load<int32_t>(rest.data());
  held.epoch = Load<int64_t>(rest.data() + kEpochAt);
  held.range = {Load<int64_t>(rest.data() + kFirstAt), Load<int64_t>(rest.data() + kNextAt)};
  const size_t topic_length = Load<uint32_t>(rest.data() + kTopicLengthAt);
  Require(topic_length <= rest.size() - kHeldLength, "a held range's topic");
  Require(
      held.partition.partition >= 0 && held.range.first >= 0 && held.range.first <= held.range.next,
      "a range of offsets");
  held.partition.topic = rest.substr(kHeldLength, topic_length);
  rest.remove_prefix(kHeldLength + topic_length);
  return held;
}

}  // namespace

HeldRange BatchOf(const BatchInfo& info) {
  return {
      {std::string(info.topic), info.partition}, info.epoch, {info.first_offset, info.next_offset}};
}

std::string ReadyMessage::Encode() const {
  std::string bytes(kHeaderLength, '\0');
  bytes[0] = kVersion;
  bytes[kFlagsAt] = static_cast<char>((leaving ? kLeaving : 0) | (isolates ? kIsolates : 0) |
                                      (stores ? kStores : 0));
  Store(&bytes[kLinkLengthAt], static_cast<uint16_t>(link.size()));
  Store(&bytes[kCapacityAt], capacity);
  Store(&bytes[kReceivedAt], received);
  std::copy(instance.begin(), instance.end(), &bytes[kInstanceAt]);
  Store(&bytes[kHeldCountAt], static_cast<uint32_t>(held.size()));
  std::copy(connection.begin(), connection.end(), &bytes[kConnectionAt]);
  bytes += link;
  for (const HeldRange& one : held) {
    const size_t at = bytes.size();
    bytes.resize(at + kHeldLength);
    Store(&bytes[at], one.partition.partition);
    Store(&bytes[at + kTopicLengthAt], static_cast<uint32_t>(one.partition.topic.size()));
    Store(&bytes[at + kEpochAt], one.epoch);
    Store(&bytes[at + kFirstAt], one.range.first);
    Store(&bytes[at + kNextAt], one.range.next);
    bytes += one.partition.topic;
  }
  return bytes;
}

ReadyMessage ReadyMessage::Decode(std::string_view bytes) {
  Require(bytes.size() >= kHeaderLength, "at least 56 bytes");
  Require(static_cast<uint8_t>(bytes[0]) == kVersion, "version 3");
  const auto flags = static_cast<uint8_t>(bytes[kFlagsAt]);
  Require(flags <= (kLeaving | kIsolates | kStores), "flags of 0 to 7");
  Require(Load<uint32_t>(&bytes[kReservedAt]) == 0, "0 in reserved bytes");
  ReadyMessage message;
  message.leaving = (flags & kLeaving) != 0;
  message.isolates = (flags & kIsolates) != 0;
  message.stores = (flags & kStores) != 0;
  message.capacity = Load<uint32_t>(&bytes[kCapacityAt]);
  message.received = Load<uint64_t>(&bytes[kReceivedAt]);
  std::copy_n(&bytes[kInstanceAt], message.instance.size(), message.instance.begin());
  std::copy_n(&bytes[kConnectionAt], message.connection.size(), message.connection.begin());
  auto left = Load<uint32_t>(&bytes[kHeldCountAt]);
  std::string_view rest = bytes.substr(kHeaderLength);
  const size_t link_length = Load<uint16_t>(&bytes[kLinkLengthAt]);
  Require(link_length <= rest.size(), "a link's name");
  message.link = rest.substr(0, link_length);
  Require(message.link.empty() || IsLinkName(message.link), "a link's name");
  rest.remove_prefix(link_length);
  Require(left <= rest.size() / kHeldLength, "as many held ranges as it says");
  message.held.reserve(left);
  for (; left > 0; --left) message.held.push_back(TakeHeld(rest));
  Require(rest.empty(), "nothing behind the last held range");
  return message;
}

}  // namespace rk
