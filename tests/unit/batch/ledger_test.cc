#include "lib/batch/ledger.h"

#include <functional>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "tests/unit/batch/make_batch.h"

namespace rk {
namespace {

constexpr int64_t kNever = INT64_MAX;
const TopicPartition kOther{"applications", 4};

Ledger MakeLedger(int64_t start = 0) {
  Ledger ledger({});
  ledger.Assign(kPartition, kEpoch, start);
  return ledger;
}

void Add(Ledger& ledger, int64_t records, const TopicPartition& partition = kPartition) {
  const int64_t first = ledger.next_offset(partition);
  const BatchInfo info = MakeInfo({first, first + records}, ledger.epoch(partition), partition);
  ledger.Add(partition, MakeBatch(info));
}

/// Sends whatever waits and says which ranges.
std::vector<OffsetRange> Send(Ledger& ledger) {
  std::vector<OffsetRange> sent;
  while (const auto frame = ledger.NextToSend()) sent.push_back(RangeOf(Received(*frame)));
  return sent;
}

void Acknowledge(Ledger& ledger, OffsetRange range) {
  ledger.Acknowledge(kPartition, kEpoch, range);
}

void Blame(Ledger& ledger, OffsetRange range) { ledger.Nack(kPartition, kEpoch, range, true); }

void Nack(Ledger& ledger, OffsetRange range) { ledger.Nack(kPartition, kEpoch, range, false); }

/// A ledger that has sent batches of `records` each, one after the other from 0.
Ledger MakeSent(const std::vector<int64_t>& records) {
  Ledger ledger = MakeLedger();
  for (const int64_t count : records) Add(ledger, count);
  Send(ledger);
  return ledger;
}

void RequireBug(const std::function<void()>& call) {
  try {
    call();
    FAIL("no error");
  } catch (const Error& error) {
    REQUIRE(error.kind() == ErrorKind::kBug);
    REQUIRE_THAT(error.what(), Catch::Contains("applications ["));
  }
}

}  // namespace

TEST_CASE("a batch is sent once, kept, and forgotten when it is acknowledged") {
  Ledger ledger = MakeLedger();
  Add(ledger, 10);
  REQUIRE(ledger.unsent() == 1);
  REQUIRE(Send(ledger) == std::vector<OffsetRange>{{0, 10}});
  REQUIRE(ledger.NextToSend() == nullptr);
  REQUIRE(ledger.window_batches() == 1);
  REQUIRE_FALSE(ledger.Idle());
  REQUIRE_FALSE(ledger.Idle(kPartition));
  Acknowledge(ledger, {0, 10});
  REQUIRE(ledger.window_batches() == 0);
  REQUIRE(ledger.window_bytes() == 0);
  REQUIRE(ledger.Idle());
  REQUIRE(ledger.Idle(kPartition));
}

TEST_CASE("fresh batches go out in the order they were added, whatever their partition") {
  Ledger ledger = MakeLedger();
  ledger.Assign({"a", 0}, 7, 50);
  Add(ledger, 2);
  Add(ledger, 3, {"a", 0});
  Add(ledger, 4);
  REQUIRE(Send(ledger) == std::vector<OffsetRange>{{0, 2}, {50, 53}, {2, 6}});
}

TEST_CASE("a frame is sent under the floor and the attempt of that moment") {
  Ledger ledger = MakeLedger(100);
  Add(ledger, 10);
  Add(ledger, 10);
  const auto first = ledger.NextToSend();
  REQUIRE(Received(*first).info().floor == 100);
  REQUIRE(Received(*first).info().attempt == 0);
  Acknowledge(ledger, {100, 110});
  REQUIRE(Received(*ledger.NextToSend()).info().floor == 110);
  Blame(ledger, {110, 120});
  Add(ledger, 10);
  const auto replay = ledger.NextToSend();
  REQUIRE(RangeOf(*replay) == OffsetRange{110, 120});
  REQUIRE(Received(*replay).info().attempt == 1);
}

TEST_CASE("the floor is the end of the lowest contiguous acknowledged range") {
  Ledger ledger = MakeSent({10, 10, 10});
  REQUIRE(ledger.floor(kPartition) == 0);
  Acknowledge(ledger, {20, 30});
  REQUIRE(ledger.floor(kPartition) == 0);
  Acknowledge(ledger, {0, 10});
  REQUIRE(ledger.floor(kPartition) == 10);
  Acknowledge(ledger, {10, 20});
  REQUIRE(ledger.floor(kPartition) == 30);
  REQUIRE(ledger.Idle());
}

TEST_CASE("whoever wants to know hears of each batch once all of it is acknowledged") {
  Ledger ledger = MakeSent({10, 10});
  std::vector<OffsetRange> heard;
  ledger.OnAcknowledged([&](const Frame& batch) { heard.push_back(RangeOf(batch)); });
  Acknowledge(ledger, {0, 9});
  CHECK(heard.empty());
  Acknowledge(ledger, {9, 20});
  CHECK(heard == std::vector<OffsetRange>{{0, 10}, {10, 20}});
  Acknowledge(ledger, {0, 20});
  CHECK(heard.size() == 2);
}

TEST_CASE("a batch is kept until the last of its offsets is acknowledged") {
  Ledger ledger = MakeSent({10, 10});
  Acknowledge(ledger, {0, 4});
  Acknowledge(ledger, {6, 10});
  REQUIRE(ledger.floor(kPartition) == 4);
  REQUIRE(ledger.window_batches() == 2);
  Nack(ledger, {0, 20});
  SECTION("its replay is under no floor that would cut it") {
    REQUIRE(Received(*ledger.NextToSend()).info().floor == 0);
    REQUIRE(Received(*ledger.NextToSend()).info().floor == 0);
  }
  SECTION("the missing offsets free it") {
    Acknowledge(ledger, {4, 6});
    REQUIRE(ledger.floor(kPartition) == 10);
    REQUIRE(ledger.window_batches() == 1);
  }
}

TEST_CASE("one acknowledgement frees every batch that it covers") {
  Ledger ledger = MakeSent({10, 10, 10, 10});
  Acknowledge(ledger, {10, 40});
  REQUIRE(ledger.window_batches() == 1);
  Acknowledge(ledger, {0, 10});
  REQUIRE(ledger.floor(kPartition) == 40);
  REQUIRE(ledger.Idle());
}

TEST_CASE("acknowledgements that are not about what was sent change nothing") {
  Ledger ledger = MakeSent({10});
  Add(ledger, 10);
  const size_t bytes = ledger.window_bytes();
  SECTION("another epoch") { ledger.Acknowledge(kPartition, kEpoch - 1, {0, 10}); }
  SECTION("another partition") { ledger.Acknowledge(kOther, kEpoch, {0, 10}); }
  SECTION("offsets never sent") { Acknowledge(ledger, {10, 20}); }
  SECTION("offsets never read") { Acknowledge(ledger, {20, kNever}); }
  SECTION("an empty range") { Acknowledge(ledger, {5, 5}); }
  SECTION("a range upside down") { Acknowledge(ledger, {9, 2}); }
  REQUIRE(ledger.floor(kPartition) == 0);
  REQUIRE(ledger.window_batches() == 2);
  REQUIRE(ledger.window_bytes() == bytes);
  REQUIRE(Send(ledger) == std::vector<OffsetRange>{{10, 20}});
}

TEST_CASE("an acknowledgement beyond what was sent counts for what was sent") {
  Ledger ledger = MakeSent({10});
  Add(ledger, 10);
  Acknowledge(ledger, {INT64_MIN, kNever});
  REQUIRE(ledger.floor(kPartition) == 10);
  REQUIRE(Send(ledger) == std::vector<OffsetRange>{{10, 20}});
  REQUIRE(ledger.floor(kPartition) == 10);
}

TEST_CASE("an acknowledgement that comes twice counts once") {
  Ledger ledger = MakeSent({10, 10});
  Acknowledge(ledger, {0, 10});
  const size_t bytes = ledger.window_bytes();
  Acknowledge(ledger, {0, 10});
  REQUIRE(ledger.floor(kPartition) == 10);
  REQUIRE(ledger.window_bytes() == bytes);
  REQUIRE(ledger.window_batches() == 1);
}

TEST_CASE("a skipped range is committed once everything below it is acknowledged") {
  Ledger ledger = MakeSent({10});
  ledger.Skip(kPartition, 12);
  REQUIRE(ledger.floor(kPartition) == 0);
  REQUIRE_FALSE(ledger.Idle());
  Acknowledge(ledger, {0, 10});
  REQUIRE(ledger.floor(kPartition) == 12);
  ledger.Skip(kPartition, 15);
  REQUIRE(ledger.floor(kPartition) == 15);
  ledger.Skip(kPartition, 13);
  REQUIRE(ledger.floor(kPartition) == 15);
}

TEST_CASE("a partition that begins with offsets without records is committed past them") {
  Ledger ledger = MakeLedger(7);
  ledger.Skip(kPartition, 9);
  REQUIRE(ledger.floor(kPartition) == 9);
}

TEST_CASE("the batch behind a skipped range covers it, and no frame's floor cuts that batch") {
  Ledger ledger = MakeSent({10});
  ledger.Skip(kPartition, 12);
  Acknowledge(ledger, {0, 10});
  REQUIRE(ledger.next_offset(kPartition) == 10);
  ledger.Add(kPartition, MakeBatch(MakeInfo({10, 14}), {12, 13}));
  Add(ledger, 6);
  REQUIRE(Received(*ledger.NextToSend()).info().floor == 10);
  REQUIRE(Received(*ledger.NextToSend()).info().floor == 10);
  REQUIRE(ledger.floor(kPartition) == 12);
  Acknowledge(ledger, {10, 14});
  REQUIRE(ledger.floor(kPartition) == 14);
}

TEST_CASE("one batch may go over the window's bytes, the next one may not") {
  const size_t bytes = MakeBatch(MakeInfo({0, 10})).bytes().size();
  Ledger ledger({bytes + bytes / 2, 100});
  ledger.Assign(kPartition, kEpoch, 0);
  Add(ledger, 10);
  REQUIRE(ledger.window_bytes() == bytes);
  REQUIRE(ledger.HasRoom());
  Add(ledger, 10);
  REQUIRE_FALSE(ledger.HasRoom());
  Send(ledger);
  REQUIRE_FALSE(ledger.HasRoom());
  Acknowledge(ledger, {0, 10});
  REQUIRE(ledger.HasRoom());
}

TEST_CASE("the window is full at its number of batches") {
  Ledger ledger({size_t{1} << 20, 2});
  ledger.Assign(kPartition, kEpoch, 0);
  Add(ledger, 1);
  REQUIRE(ledger.HasRoom());
  Add(ledger, 1);
  REQUIRE_FALSE(ledger.HasRoom());
}

TEST_CASE("refused batches go again before fresh ones, lowest offset first") {
  Ledger ledger = MakeSent({10, 10, 10});
  Add(ledger, 10);
  Nack(ledger, {20, 30});
  Nack(ledger, {0, 10});
  REQUIRE(ledger.unsent() == 3);
  REQUIRE(Send(ledger) == std::vector<OffsetRange>{{0, 10}, {20, 30}, {30, 40}});
}

TEST_CASE("a refusal that touches a batch means all of it") {
  Ledger ledger = MakeSent({10, 10, 10, 10});
  Nack(ledger, {19, 21});
  REQUIRE(Send(ledger) == std::vector<OffsetRange>{{10, 20}, {20, 30}});
}

TEST_CASE("a batch refused twice before it goes again goes again once") {
  Ledger ledger = MakeSent({10});
  Nack(ledger, {0, 10});
  Nack(ledger, {0, 10});
  REQUIRE(ledger.unsent() == 1);
  REQUIRE(Send(ledger) == std::vector<OffsetRange>{{0, 10}});
}

TEST_CASE("refusals that are not about what is in flight change nothing") {
  Ledger ledger = MakeSent({10, 10});
  Acknowledge(ledger, {0, 10});
  Add(ledger, 10);
  SECTION("acknowledged") { Blame(ledger, {0, 10}); }
  SECTION("never sent") { Blame(ledger, {20, 30}); }
  SECTION("another epoch") { ledger.Nack(kPartition, kEpoch + 1, {0, 30}, true); }
  SECTION("another partition") { ledger.Nack(kOther, kEpoch, {0, 30}, true); }
  const auto next = ledger.NextToSend();
  REQUIRE(RangeOf(*next) == OffsetRange{20, 30});
  REQUIRE(next->info().attempt == 0);
  REQUIRE(ledger.NextToSend() == nullptr);
}

TEST_CASE("a batch acknowledged while it waits to go again does not go again") {
  Ledger ledger = MakeSent({10, 10});
  Nack(ledger, {0, 20});
  Acknowledge(ledger, {0, 10});
  REQUIRE(Send(ledger) == std::vector<OffsetRange>{{10, 20}});
}

TEST_CASE("a refusal without blame never raises the attempt") {
  Ledger ledger = MakeSent({10});
  for (int i = 0; i < 5; ++i) {
    Nack(ledger, {0, 10});
    const auto again = ledger.NextToSend();
    REQUIRE(again->info().attempt == 0);
    REQUIRE(again->record_count() == 10);
  }
}

TEST_CASE(
    "after a replay, the batch behind what was acknowledged before goes again with the floor") {
  // A new writer has produced [0, 10), expects 10, and holds [20, 30) back: what it needs to know
  // is that [10, 20) never comes.
  Ledger ledger = MakeSent({10, 10, 10, 10});
  SECTION("acknowledged before the refusal") {
    Acknowledge(ledger, {10, 20});
    Nack(ledger, {0, 40});
    Send(ledger);
  }
  SECTION("acknowledged while it waited to go again") {
    Nack(ledger, {0, 40});
    Acknowledge(ledger, {10, 20});
    Send(ledger);
  }
  Acknowledge(ledger, {0, 10});
  const auto again = ledger.NextToSend();
  REQUIRE(again != nullptr);
  REQUIRE(RangeOf(*again) == OffsetRange{20, 30});
  REQUIRE(again->info().floor == 20);
  REQUIRE(again->info().attempt == 0);
  REQUIRE(ledger.NextToSend() == nullptr);
  Acknowledge(ledger, {20, 30});
  REQUIRE(ledger.NextToSend() == nullptr);
}

TEST_CASE("acknowledgements in any order send nothing again while nothing was refused") {
  Ledger ledger = MakeSent({10, 10, 10, 10});
  for (const int64_t first : {20, 10, 0}) {
    Acknowledge(ledger, {first, first + 10});
    REQUIRE(ledger.unsent() == 0);
  }
  REQUIRE(ledger.floor(kPartition) == 30);
}

TEST_CASE("refusing all sends again whatever is in flight, of every partition, and blames nobody") {
  Ledger ledger = MakeSent({10, 10, 10});
  ledger.Assign(kOther, kEpoch, 0);
  Add(ledger, 5, kOther);
  Send(ledger);
  Acknowledge(ledger, {10, 20});
  Add(ledger, 10);
  ledger.NackAll();
  REQUIRE(ledger.unsent() == 4);
  for (int i = 0; i < 4; ++i) CHECK(ledger.NextToSend()->info().attempt == 0);
}

TEST_CASE("the lowest batch goes again after 60 s without an acknowledgement, then after 120 s") {
  using std::chrono::seconds;
  const Ledger::Clock::time_point start{seconds(1000)};
  Ledger ledger = MakeSent({10, 10});
  REQUIRE(ledger.ReplayOverdue(start) == 0);
  REQUIRE(ledger.ReplayOverdue(start + seconds(59)) == 0);
  REQUIRE(ledger.ReplayOverdue(start + seconds(60)) == 1);
  const auto again = ledger.NextToSend();
  CHECK(RangeOf(*again) == OffsetRange{0, 10});
  CHECK(again->info().attempt == 0);
  REQUIRE(ledger.ReplayOverdue(start + seconds(179)) == 0);
  REQUIRE(ledger.ReplayOverdue(start + seconds(180)) == 1);
  SECTION("and any acknowledgement of the partition starts the time anew") {
    Acknowledge(ledger, {10, 20});
    REQUIRE(ledger.ReplayOverdue(start + seconds(419)) == 0);
    REQUIRE(ledger.ReplayOverdue(start + seconds(478)) == 0);
    REQUIRE(ledger.ReplayOverdue(start + seconds(479)) == 1);
  }
}

TEST_CASE("nothing is overdue while nothing is in flight") {
  using std::chrono::hours;
  Ledger ledger = MakeLedger();
  for (int hour = 0; hour < 3; ++hour) {
    REQUIRE(ledger.ReplayOverdue(Ledger::Clock::time_point(hours(hour))) == 0);
    if (hour == 1) Add(ledger, 10);  // never sent
  }
}

TEST_CASE("a stopped partition drops what was never sent and keeps what is in flight") {
  Ledger ledger = MakeSent({10, 10});
  ledger.Assign(kOther, kEpoch, 0);
  Add(ledger, 10);
  Add(ledger, 5, kOther);
  Nack(ledger, {10, 20});
  ledger.Stop(kPartition);
  REQUIRE(ledger.window_batches() == 3);
  REQUIRE(Send(ledger) == std::vector<OffsetRange>{{10, 20}, {0, 5}});
  Acknowledge(ledger, {0, 20});
  REQUIRE(ledger.Idle(kPartition));
  REQUIRE_FALSE(ledger.Idle());
  RequireBug([&] { Add(ledger, 1); });
}

TEST_CASE("the floor never passes what was dropped when the partition was stopped") {
  Ledger ledger = MakeSent({10});
  Add(ledger, 10);
  ledger.Skip(kPartition, 25);
  ledger.Stop(kPartition);
  Acknowledge(ledger, {0, kNever});
  REQUIRE(ledger.floor(kPartition) == 10);
  REQUIRE(ledger.Idle(kPartition));
}

TEST_CASE("a revoked partition is forgotten, and others stay") {
  Ledger ledger = MakeSent({10, 10});
  ledger.Assign(kOther, kEpoch, 0);
  Add(ledger, 5, kOther);
  const size_t bytes = MakeBatch(MakeInfo({0, 5}, kEpoch, kOther)).bytes().size();
  Add(ledger, 10);
  Nack(ledger, {0, 10});
  ledger.Revoke(kPartition);
  REQUIRE_FALSE(ledger.Owns(kPartition));
  REQUIRE(ledger.Owns(kOther));
  REQUIRE(ledger.window_batches() == 1);
  REQUIRE(ledger.window_bytes() == bytes);
  REQUIRE(Send(ledger) == std::vector<OffsetRange>{{0, 5}});
  REQUIRE(ledger.Idle(kPartition));
}

TEST_CASE("a partition assigned again starts afresh") {
  Ledger ledger = MakeSent({10, 10});
  Acknowledge(ledger, {0, 10});
  Nack(ledger, {10, 20});
  ledger.Assign(kPartition, kEpoch + 1, 10);
  REQUIRE(ledger.Idle());
  REQUIRE(ledger.unsent() == 0);
  REQUIRE(ledger.epoch(kPartition) == kEpoch + 1);
  REQUIRE(ledger.floor(kPartition) == 10);
  REQUIRE(ledger.next_offset(kPartition) == 10);
  Add(ledger, 10);
  Send(ledger);
  Acknowledge(ledger, {10, 20});
  REQUIRE(ledger.floor(kPartition) == 10);
  ledger.Acknowledge(kPartition, kEpoch + 1, {10, 20});
  REQUIRE(ledger.floor(kPartition) == 20);
}

TEST_CASE("a batch that does not continue its partition is our bug") {
  Ledger ledger = MakeSent({10});
  RequireBug([&] { ledger.Add(kPartition, MakeBatch(MakeInfo({11, 12}))); });
  RequireBug([&] { ledger.Add(kPartition, MakeBatch(MakeInfo({9, 12}))); });
  RequireBug([&] { ledger.Add(kPartition, MakeBatch(MakeInfo({10, 10}))); });
  RequireBug([&] { ledger.Add(kPartition, MakeBatch(MakeInfo({10, 12}, kEpoch + 1))); });
  RequireBug([&] { ledger.Add(kOther, MakeBatch(MakeInfo({0, 1}, kEpoch, kOther))); });
  RequireBug([&] { (void)ledger.floor(kOther); });
  REQUIRE(ledger.window_batches() == 1);
}

TEST_CASE("where a replay begins an epoch, all that is not acknowledged goes again under it") {
  Ledger ledger({}, Ledger::Replays::kNewEpoch);
  ledger.Assign(kPartition, kEpoch, 0);
  for (int i = 0; i < 3; ++i) Add(ledger, 10);
  Send(ledger);
  Acknowledge(ledger, {0, 10});
  Nack(ledger, {20, 30});
  CHECK(ledger.epoch(kPartition) == kEpoch + 1);
  Nack(ledger, {10, 20});  // of the epoch before: it goes again anyway
  CHECK(ledger.epoch(kPartition) == kEpoch + 1);
  const auto frame = ledger.NextToSend();
  CHECK(RangeOf(*frame) == OffsetRange{10, 20});
  CHECK(Received(*frame).info().epoch == kEpoch + 1);
  ledger.NackAll();  // of what was sent, that one alone had not been waiting
  CHECK(ledger.epoch(kPartition) == kEpoch + 2);
  CHECK(Send(ledger) == std::vector<OffsetRange>{{10, 20}, {20, 30}});
  Acknowledge(ledger, {10, 30});  // committed is committed, in whichever epoch
  CHECK(ledger.Idle());
}

TEST_CASE("a batch that was made before a replay began an epoch is of that epoch") {
  Ledger ledger({}, Ledger::Replays::kNewEpoch);
  ledger.Assign(kPartition, kEpoch, 0);
  Add(ledger, 10);
  Send(ledger);
  Nack(ledger, {0, 10});
  ledger.Add(kPartition, MakeBatch(MakeInfo({10, 20})));
  ledger.NextToSend();
  CHECK(Received(*ledger.NextToSend()).info().epoch == kEpoch + 1);
}

}  // namespace rk
