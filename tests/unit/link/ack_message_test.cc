#include "lib/link/ack_message.h"

#include <optional>

#include <catch2/catch.hpp>

#include "lib/base/error.h"

namespace rk {
namespace {

AckMessage Ack() {
  return {AckKind::kAck, false, {"applications", 3}, 1'000'000'007, {{10, 20}, {25, 500}}};
}

AckMessage Fence() { return {AckKind::kFence, false, {"events", 0}, 5, {}}; }

std::optional<AckMessage> TryDecode(std::string_view bytes) {
  try {
    return AckMessage::Decode(bytes);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kBadData);
    return std::nullopt;
  }
}

bool IsRefused(const AckMessage& message) { return !TryDecode(message.Encode()); }

}  // namespace

TEST_CASE("an acknowledgement message of every kind comes back as it was sent") {
  AckMessage nack = Ack();
  nack.kind = AckKind::kNack;
  nack.blame = true;
  AckMessage fenced = Fence();
  fenced.kind = AckKind::kFenced;
  AckMessage nack_all;
  nack_all.kind = AckKind::kNackAll;
  AckMessage claim = Fence();
  claim.kind = AckKind::kClaim;
  claim.names = {"credit-write-0", "3"};
  AckMessage grant = claim;
  grant.kind = AckKind::kGrant;
  grant.names = {"3", "", "credit-write-1"};
  AckMessage taken = claim;
  taken.kind = AckKind::kTaken;
  taken.names = {"credit-write-0"};
  AckMessage group;
  group.kind = AckKind::kGroup;
  group.epoch = 12;
  group.names = {"member", ""};
  for (const AckMessage& message :
       {AckMessage{}, Ack(), nack, Fence(), fenced, nack_all, claim, grant, taken, group}) {
    const AckMessage decoded = AckMessage::Decode(message.Encode());
    CHECK(decoded.kind == message.kind);
    CHECK(decoded.blame == message.blame);
    CHECK(decoded.partition == message.partition);
    CHECK(decoded.epoch == message.epoch);
    CHECK(decoded.ranges == message.ranges);
    CHECK(decoded.names == message.names);
  }
}

TEST_CASE("the bytes of an acknowledgement message are those of the header's description") {
  const AckMessage nack = {AckKind::kNack, true, {"t", 2}, 258, {{3, 4}}};
  const char bytes[] =
      "\x01\x03\x01\x00"
      "\x02\x00\x00\x00"
      "\x02\x01\x00\x00\x00\x00\x00\x00"
      "\x01\x00\x00\x00"
      "\x01\x00\x00\x00"
      "t"
      "\x03\x00\x00\x00\x00\x00\x00\x00"
      "\x04\x00\x00\x00\x00\x00\x00\x00";
  CHECK(nack.Encode() == std::string(bytes, sizeof bytes - 1));
}

TEST_CASE("an acknowledgement message that is cut short or followed by something is refused") {
  for (const AckMessage& message : {AckMessage{}, Ack(), Fence()}) {
    const std::string bytes = message.Encode();
    for (size_t length = 0; length < bytes.size(); ++length) {
      CHECK_FALSE(TryDecode(bytes.substr(0, length)));
    }
    CHECK_FALSE(TryDecode(bytes + '\0'));
    CHECK_FALSE(TryDecode(bytes + std::string(16, '\0')));
  }
}

TEST_CASE("whatever is believed of a damaged acknowledgement message would be sent the same way") {
  for (const AckMessage& message : {AckMessage{}, Ack(), Fence()}) {
    const std::string sent = message.Encode();
    for (size_t bit = 0; bit < sent.size() * 8; ++bit) {
      std::string damaged = sent;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      const std::optional<AckMessage> decoded = TryDecode(damaged);
      if (decoded) CHECK(decoded->Encode() == damaged);
    }
  }
}

TEST_CASE("lengths that no memory holds are refused before anything is allocated") {
  std::string bytes = Ack().Encode();
  for (const size_t at : {16, 20}) {
    std::string huge = bytes;
    huge.replace(at, 4, "\xFF\xFF\xFF\xFF", 4);
    CHECK_FALSE(TryDecode(huge));
  }
}

TEST_CASE("an acknowledgement message that contradicts itself is refused") {
  AckMessage message = Ack();
  SECTION("blame in an ack") { message.blame = true; }
  SECTION("an ack of nothing") { message.ranges.clear(); }
  SECTION("a range that ends before it begins") { message.ranges[1] = {9, 8}; }
  SECTION("a negative offset") { message.ranges[1] = {-1, 8}; }
  SECTION("a negative partition") { message.partition.partition = -1; }
  SECTION("a fence with ranges") { message.kind = AckKind::kFence; }
  SECTION("a hello with a topic") { message = {AckKind::kHello, false, {"t", 0}, 0, {}}; }
  SECTION("a nack of all with ranges") { message.kind = AckKind::kNackAll; }
  SECTION("a hello with an epoch") { message = {AckKind::kHello, false, {"", 0}, 1, {}}; }
  SECTION("a kind of nought") { message.kind = AckKind{0}; }
  SECTION("a kind of a later version") { message.kind = AckKind{7}; }
  CHECK(IsRefused(message));
}

TEST_CASE("an acknowledgement message of another version is refused") {
  std::string bytes = Ack().Encode();
  bytes[0] = 2;
  CHECK_FALSE(TryDecode(bytes));
}

}  // namespace rk
