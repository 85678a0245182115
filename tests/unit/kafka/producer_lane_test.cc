#include "lib/kafka/producer_lane.h"

#include <array>
#include <vector>

#include <catch2/catch.hpp>

using rk::Lane;
using rk::Slot;

namespace {

/// A lane, and ten records that may enter it.
struct Fixture {
  Lane lane{0};
  std::array<Slot, 10> slots;

  Fixture() {
    for (size_t i = 0; i < slots.size(); ++i) slots[i].order = i;
  }

  /// The lane once the broker knows the producer: record 0 is stored.
  void Prime() {
    REQUIRE(lane.Enter(&slots[0]));
    lane.Stored(slots[0]);
  }
  /// All that may go now, by order.
  std::vector<uint64_t> Go() {
    std::vector<uint64_t> orders;
    while (const Slot* slot = lane.Next()) orders.push_back(slot->order);
    return orders;
  }
};

using Orders = std::vector<uint64_t>;

}  // namespace

TEST_CASE_METHOD(Fixture, "the first record travels alone, the others follow when it is stored") {
  CHECK(lane.Enter(&slots[0]));
  CHECK(lane.exclusive());
  CHECK_FALSE(lane.Enter(&slots[1]));
  CHECK_FALSE(lane.Enter(&slots[2]));
  CHECK(Go().empty());
  lane.Stored(slots[0]);
  CHECK(Go() == Orders{1, 2});
  CHECK_FALSE(lane.exclusive());
}

TEST_CASE_METHOD(Fixture, "once the broker knows the producer many are in flight") {
  Prime();
  CHECK(lane.Enter(&slots[1]));
  CHECK(lane.Enter(&slots[2]));
  CHECK_FALSE(lane.exclusive());
  CHECK_FALSE(lane.sent_carefully());
}

TEST_CASE_METHOD(Fixture, "after a refusal the suspects travel one by one, in their old order") {
  Prime();
  for (size_t i = 1; i <= 4; ++i) REQUIRE(lane.Enter(&slots[i]));
  lane.Hold();
  CHECK_FALSE(lane.Enter(&slots[5]));
  // 3 and 4 were purged, 1 and 2 shared the refused request; reports come in any order.
  lane.Returned(&slots[4]);
  lane.Suspect(slots[2]);
  lane.Returned(&slots[2]);
  lane.Returned(&slots[3]);
  lane.Suspect(slots[1]);
  lane.Returned(&slots[1]);
  CHECK(Go().empty());
  lane.Restart();
  CHECK(Go() == Orders{1});
  CHECK(lane.sent_carefully());
  lane.Stored(slots[1]);
  CHECK(Go() == Orders{2});
  CHECK(lane.sent_carefully());
  lane.Stored(slots[2]);
  // The new producer is not known yet.
  CHECK(Go() == Orders{3});
  CHECK_FALSE(lane.sent_carefully());
  CHECK(lane.exclusive());
  lane.Stored(slots[3]);
  CHECK(Go() == Orders{4, 5});
}

TEST_CASE_METHOD(Fixture, "a record refused alone keeps the lane careful until one is stored") {
  REQUIRE(lane.Enter(&slots[0]));
  for (size_t i = 1; i <= 4; ++i) REQUIRE_FALSE(lane.Enter(&slots[i]));
  lane.Hold();
  lane.Refused(slots[0]);
  lane.Restart();
  CHECK(Go() == Orders{1});
  CHECK(lane.sent_carefully());
  lane.Refused(slots[1]);
  CHECK(Go() == Orders{2});
  CHECK(lane.sent_carefully());
  lane.Stored(slots[2]);
  CHECK(Go() == Orders{3});
  CHECK_FALSE(lane.sent_carefully());
}

TEST_CASE_METHOD(Fixture, "a new producer is unknown to the broker again") {
  Prime();
  REQUIRE(lane.Enter(&slots[1]));
  lane.Hold();
  lane.Returned(&slots[1]);
  lane.Restart();
  CHECK(Go() == Orders{1});
  CHECK(lane.exclusive());
  CHECK_FALSE(lane.Enter(&slots[2]));
}

TEST_CASE_METHOD(Fixture, "a record that the client did not take changes nothing for the others") {
  Prime();
  REQUIRE(lane.Enter(&slots[1]));
  lane.Withdrawn();
  CHECK(lane.Enter(&slots[2]));
  CHECK(lane.Enter(&slots[3]));
  CHECK_FALSE(lane.sent_carefully());
}

TEST_CASE_METHOD(Fixture, "a broker may have forgotten a producer that was silent for long") {
  Prime();
  lane.ForgetIfIdle();
  REQUIRE(lane.Enter(&slots[1]));
  lane.Stored(slots[1]);
  lane.ForgetIfIdle();
  CHECK(lane.Enter(&slots[2]));
  CHECK_FALSE(lane.exclusive());
  lane.Stored(slots[2]);
  lane.ForgetIfIdle();
  lane.ForgetIfIdle();
  CHECK(lane.Enter(&slots[3]));
  CHECK(lane.exclusive());
}
