#include "lib/batch/writer_order.h"

#include <memory>

#include <catch2/catch.hpp>

#include "tests/unit/batch/make_batch.h"

namespace rk {
namespace {

using FramePtr = WriterOrder::FramePtr;
using Outcome = WriterOrder::Outcome;
using std::chrono::minutes;

constexpr Origin kOrigin{1};
constexpr Origin kOtherOrigin{2};
constexpr WriterOrder::Clock::time_point kNow{minutes(1000)};

FramePtr Make(const BatchInfo& info) { return std::make_shared<const Frame>(MakeBatch(info)); }

BatchInfo Info(OffsetRange range, int64_t floor, int64_t epoch = kEpoch) {
  BatchInfo info = MakeInfo(range, epoch);
  info.origin = kOrigin;
  info.floor = floor;
  return info;
}

FramePtr Make(OffsetRange range, int64_t floor, int64_t epoch = kEpoch) {
  return Make(Info(range, floor, epoch));
}

/// A writer's order with a shorthand for what tests do most.
struct Order {
  explicit Order(bool ordered = true) : writer(ordered) {}

  Outcome Take(const FramePtr& frame) { return writer.Take(frame, kNow); }
  Outcome Take(OffsetRange range, int64_t floor, int64_t epoch = kEpoch) {
    return Take(Make(range, floor, epoch));
  }
  void Done(OffsetRange range, int64_t epoch = kEpoch) {
    writer.Done(*Make(range, 0, epoch), kNow);
  }

  WriterOrder writer;
};

using Ranges = std::vector<OffsetRange>;

Ranges RangesOf(const std::vector<FramePtr>& frames) {
  Ranges ranges;
  for (const auto& frame : frames) ranges.push_back(RangeOf(*frame));
  return ranges;
}

void RequireNothing(const Outcome& outcome) {
  REQUIRE(RangesOf(outcome.produce).empty());
  REQUIRE(RangesOf(outcome.acknowledge).empty());
  REQUIRE(RangesOf(outcome.fenced).empty());
}

void RequireProduced(const Outcome& outcome, const Ranges& ranges) {
  REQUIRE(RangesOf(outcome.produce) == ranges);
  REQUIRE(RangesOf(outcome.acknowledge).empty());
  REQUIRE(RangesOf(outcome.fenced).empty());
}

void RequireAcknowledged(const Outcome& outcome, const Ranges& ranges) {
  REQUIRE(RangesOf(outcome.produce).empty());
  REQUIRE(RangesOf(outcome.acknowledge) == ranges);
  REQUIRE(RangesOf(outcome.fenced).empty());
}

void RequireFenced(const Outcome& outcome, const Ranges& ranges) {
  REQUIRE(RangesOf(outcome.produce).empty());
  REQUIRE(RangesOf(outcome.acknowledge).empty());
  REQUIRE(RangesOf(outcome.fenced) == ranges);
}

}  // namespace

TEST_CASE("frames that come in order are produced as they come") {
  Order order;
  RequireProduced(order.Take({100, 110}, 100), {{100, 110}});
  RequireProduced(order.Take({110, 120}, 100), {{110, 120}});
  REQUIRE(order.writer.held_back() == 0);
}

TEST_CASE("a frame that overtook others is held back until they have come") {
  Order order;
  RequireNothing(order.Take({20, 30}, 0));
  RequireNothing(order.Take({10, 20}, 0));
  REQUIRE(order.writer.held_back() == 2);
  RequireProduced(order.Take({0, 10}, 0), {{0, 10}, {10, 20}, {20, 30}});
  REQUIRE(order.writer.held_back() == 0);
}

TEST_CASE("a gap that is still open holds back what lies behind it") {
  Order order;
  RequireNothing(order.Take({30, 40}, 0));
  RequireNothing(order.Take({10, 20}, 0));
  RequireProduced(order.Take({0, 10}, 0), {{0, 10}, {10, 20}});
  REQUIRE(order.writer.held_back() == 1);
  RequireProduced(order.Take({20, 30}, 0), {{20, 30}, {30, 40}});
}

TEST_CASE("a writer that has just been started begins at the floor of what it sees") {
  Order order;
  RequireNothing(order.Take({120, 130}, 110));
  RequireProduced(order.Take({110, 120}, 110), {{110, 120}, {120, 130}});
}

TEST_CASE("what lies below the floor is dropped and acknowledged") {
  Order order;
  RequireProduced(order.Take({100, 110}, 100), {{100, 110}});
  RequireAcknowledged(order.Take({80, 90}, 80), {{80, 90}});
  RequireAcknowledged(order.Take({90, 100}, 80), {{90, 100}});
}

TEST_CASE("what lies partly below the floor is cut there") {
  Order order;
  RequireProduced(order.Take({100, 110}, 100), {{100, 110}});
  RequireAcknowledged(order.Take({95, 105}, 95), {{95, 100}});
  const Outcome outcome = order.Take({95, 120}, 95);
  REQUIRE(RangesOf(outcome.acknowledge) == Ranges{{95, 100}});
  REQUIRE(RangesOf(outcome.dropped) == Ranges{{100, 110}});
  REQUIRE(RangesOf(outcome.produce) == Ranges{{110, 120}});
}

TEST_CASE(
    "a frame whose offsets are in flight is dropped, and acknowledged again once they are done") {
  Order order;
  RequireProduced(order.Take({0, 10}, 0), {{0, 10}});
  RequireNothing(order.Take({0, 10}, 0));
  order.Done({0, 10});
  RequireAcknowledged(order.Take({0, 10}, 0), {{0, 10}});
}

TEST_CASE("of the original of a split batch only what no part had is produced") {
  Order order;
  RequireProduced(order.Take({0, 4}, 0), {{0, 4}});
  const Outcome outcome = order.Take({0, 8}, 0);
  RequireProduced(outcome, {{4, 8}});
  REQUIRE(RangesOf(outcome.dropped) == Ranges{{0, 4}});
  RequireNothing(order.Take({4, 8}, 0));
  order.Done({4, 8});
  RequireAcknowledged(order.Take({0, 8}, 0), {{4, 8}});
  order.Done({0, 4});
  const FramePtr whole = Make({0, 8}, 0);
  const Outcome done = order.Take(whole);
  RequireAcknowledged(done, {{0, 8}});
  REQUIRE(done.acknowledge[0] == whole);
}

TEST_CASE("parts that come behind their produced original are dropped until it is done") {
  Order order;
  RequireProduced(order.Take({0, 8}, 0), {{0, 8}});
  RequireNothing(order.Take({0, 4}, 0));
  RequireNothing(order.Take({4, 8}, 0));
  order.Done({0, 8});
  RequireAcknowledged(order.Take({4, 8}, 0), {{4, 8}});
}

TEST_CASE("a floor in a later frame lets go what was held back") {
  Order order;
  RequireProduced(order.Take({0, 10}, 0), {{0, 10}});
  RequireNothing(order.Take({20, 30}, 0));
  RequireProduced(order.Take({30, 40}, 20), {{20, 30}, {30, 40}});
}

TEST_CASE("the floor of a frame that is itself dropped lets go what was held back") {
  Order order;
  RequireProduced(order.Take({0, 10}, 0), {{0, 10}});
  const FramePtr first = Make({20, 30}, 0);
  RequireNothing(order.Take(first));
  const Outcome outcome = order.Take({20, 30}, 20);
  RequireProduced(outcome, {{20, 30}});
  RequireNothing(order.Take({20, 30}, 20));
}

TEST_CASE("what was held back and now lies below the floor is acknowledged") {
  Order order;
  RequireNothing(order.Take({10, 20}, 0));
  const Outcome outcome = order.Take({30, 40}, 30);
  REQUIRE(RangesOf(outcome.produce) == Ranges{{30, 40}});
  REQUIRE(RangesOf(outcome.acknowledge) == Ranges{{10, 20}});
  REQUIRE(order.writer.held_back() == 0);
}

TEST_CASE("what was held back and now lies partly below the floor is cut there") {
  Order order;
  RequireNothing(order.Take({10, 20}, 0));
  const Outcome outcome = order.Take({20, 30}, 15);
  REQUIRE(RangesOf(outcome.acknowledge) == Ranges{{10, 15}});
  REQUIRE(RangesOf(outcome.produce) == Ranges{{15, 20}, {20, 30}});
  REQUIRE(order.writer.held_back() == 0);
}

TEST_CASE("of two frames held back with one range the first stays") {
  Order order;
  const FramePtr first = Make({10, 20}, 0);
  RequireNothing(order.Take(first));
  RequireNothing(order.Take({10, 20}, 0));
  REQUIRE(order.writer.held_back() == 1);
  const Outcome outcome = order.Take({0, 10}, 0);
  RequireProduced(outcome, {{0, 10}, {10, 20}});
  REQUIRE(outcome.produce[1] == first);
}

TEST_CASE("of what is held back each offset is there once, whatever overlaps") {
  const Ranges parts = {{10, 14}, {14, 20}, {20, 26}};
  for (const OffsetRange part : parts) {
    Order order;
    const bool part_first = GENERATE(true, false);
    RequireNothing(order.Take(part_first ? part : OffsetRange{10, 26}, 0));
    RequireNothing(order.Take(part_first ? OffsetRange{10, 26} : part, 0));
    const Outcome outcome = order.Take({0, 10}, 0);
    int64_t next = 0;
    for (const OffsetRange range : RangesOf(outcome.produce)) {
      REQUIRE(range.first == next);
      next = range.next;
    }
    REQUIRE(next == 26);
    REQUIRE(order.writer.held_back() == 0);
  }
}

TEST_CASE("neighbours are not taken for duplicates among those held back") {
  Order order;
  RequireNothing(order.Take({20, 30}, 0));
  RequireNothing(order.Take({10, 20}, 0));
  RequireNothing(order.Take({30, 40}, 0));
  REQUIRE(order.writer.held_back() == 3);
}

TEST_CASE("a batch that comes again whole gets past a part of it that was written before") {
  // A stage made parts of it and died after the first; the next one makes none.
  Order order;
  RequireProduced(order.Take({0, 10}, 0), {{0, 10}});
  order.Done({0, 10});
  const Outcome outcome = order.Take({0, 20}, 0);
  REQUIRE(RangesOf(outcome.acknowledge) == Ranges{{0, 10}});
  REQUIRE(RangesOf(outcome.produce) == Ranges{{10, 20}});
  order.Done({10, 20});
  RequireAcknowledged(order.Take({0, 20}, 0), {{0, 20}});
}

TEST_CASE("a batch that comes again whole fills the gap before a part of it that is held back") {
  Order order;
  RequireNothing(order.Take({10, 20}, 0));
  RequireProduced(order.Take({0, 20}, 0), {{0, 10}, {10, 20}});
}

TEST_CASE("a frame of a higher epoch drops what is held back and starts over") {
  Order order;
  RequireProduced(order.Take({0, 10}, 0), {{0, 10}});
  RequireNothing(order.Take({20, 30}, 0));
  RequireNothing(order.Take({10, 15}, 5, kEpoch + 1));
  REQUIRE(order.writer.held_back() == 1);
  RequireProduced(order.Take({5, 10}, 5, kEpoch + 1), {{5, 10}, {10, 15}});
}

TEST_CASE("a frame of a lower epoch is fenced and its floor does not count") {
  Order order;
  RequireProduced(order.Take({10, 20}, 10, kEpoch + 1), {{10, 20}});
  RequireFenced(order.Take({0, 10}, 0), {{0, 10}});
  RequireFenced(order.Take({40, 50}, 40), {{40, 50}});
  RequireNothing(order.Take({30, 40}, 10, kEpoch + 1));
  RequireProduced(order.Take({20, 30}, 10, kEpoch + 1), {{20, 30}, {30, 40}});
}

TEST_CASE("what an earlier epoch had in flight says nothing about the present one") {
  Order order;
  RequireProduced(order.Take({0, 10}, 0), {{0, 10}});
  RequireProduced(order.Take({0, 10}, 0, kEpoch + 1), {{0, 10}});
  order.Done({0, 10});
  RequireNothing(order.Take({0, 10}, 0, kEpoch + 1));
  order.Done({0, 10}, kEpoch + 1);
  RequireAcknowledged(order.Take({0, 10}, 0, kEpoch + 1), {{0, 10}});
}

TEST_CASE("groups, topics and partitions do not know of each other") {
  Order order;
  RequireProduced(order.Take({0, 10}, 0, kEpoch + 1), {{0, 10}});
  BatchInfo info = Info({0, 10}, 0);
  SECTION("group") { info.group = "audit"; }
  SECTION("topic") { info.topic = "other"; }
  SECTION("partition") { info.partition = 4; }
  RequireProduced(order.Take(Make(info)), {{0, 10}});
}

TEST_CASE(
    "a fence drops what is held back and refuses what comes later, but lets in flight finish") {
  Order order;
  RequireProduced(order.Take({0, 10}, 0), {{0, 10}});
  RequireNothing(order.Take({20, 30}, 0));
  order.writer.Fence(kOrigin, kPartition, kEpoch);
  REQUIRE(order.writer.held_back() == 0);
  RequireFenced(order.Take({10, 20}, 0), {{10, 20}});
  RequireFenced(order.Take({0, 10}, 0, kEpoch - 1), {{0, 10}});
  order.Done({0, 10});
  RequireProduced(order.Take({10, 20}, 10, kEpoch + 1), {{10, 20}});
}

TEST_CASE("a fence holds for frames that were still on their way when it came") {
  Order order;
  order.writer.Fence(kOrigin, kPartition, kEpoch);
  RequireFenced(order.Take({0, 10}, 0), {{0, 10}});
}

TEST_CASE("an older fence does not undo a newer one") {
  Order order;
  order.writer.Fence(kOrigin, kPartition, kEpoch);
  order.writer.Fence(kOrigin, kPartition, kEpoch - 5);
  RequireFenced(order.Take({0, 10}, 0), {{0, 10}});
}

TEST_CASE("a fence is for one reader, one partition and its epochs so far") {
  Order order;
  RequireNothing(order.Take({10, 20}, 0));
  SECTION("another reader") { order.writer.Fence(kOtherOrigin, kPartition, kEpoch); }
  SECTION("another topic") { order.writer.Fence(kOrigin, {"other", 3}, kEpoch); }
  SECTION("another partition") { order.writer.Fence(kOrigin, {"applications", 4}, kEpoch); }
  SECTION("an earlier epoch") { order.writer.Fence(kOrigin, kPartition, kEpoch - 1); }
  REQUIRE(order.writer.held_back() == 1);
  RequireProduced(order.Take({0, 10}, 0), {{0, 10}, {10, 20}});
}

TEST_CASE("without order a frame goes at once, and duplicates are still dropped") {
  Order order(false);
  RequireProduced(order.Take({20, 30}, 0), {{20, 30}});
  RequireProduced(order.Take({0, 10}, 0), {{0, 10}});
  REQUIRE(order.writer.held_back() == 0);
  RequireNothing(order.Take({20, 30}, 0));
  RequireProduced(order.Take({5, 15}, 0), {{10, 15}});
  order.Done({20, 30});
  RequireAcknowledged(order.Take({20, 30}, 0), {{20, 30}});
  RequireProduced(order.Take({10, 20}, 0), {{15, 20}});
}

TEST_CASE("a frame without records is treated like any other") {
  Order order;
  RequireNothing(order.Take(std::make_shared<const Frame>(MakeBatch(Info({10, 20}, 0), {}))));
  const Outcome outcome =
      order.Take(std::make_shared<const Frame>(MakeBatch(Info({0, 10}, 0), {})));
  RequireProduced(outcome, {{0, 10}, {10, 20}});
}

TEST_CASE("the state of a partition silent for ten minutes is dropped") {
  Order order;
  order.Take({0, 10}, 0, kEpoch + 1);
  order.Done({0, 10}, kEpoch + 1);
  order.writer.Expire(kNow + minutes(10));
  RequireFenced(order.Take({10, 20}, 10), {{10, 20}});
  order.writer.Expire(kNow + minutes(11));
  RequireProduced(order.Take({10, 20}, 10), {{10, 20}});
}

TEST_CASE("a partition of which something was done is remembered for ten minutes from there") {
  Order order;
  RequireProduced(order.Take({0, 10}, 0), {{0, 10}});
  order.writer.Done(*Make({0, 10}, 0), kNow + minutes(9));
  order.writer.Expire(kNow + minutes(11));
  RequireAcknowledged(order.Take({0, 10}, 0), {{0, 10}});
}

TEST_CASE("a silent partition is remembered while something of it is in flight or held back") {
  Order order;
  SECTION("in flight") {
    RequireProduced(order.Take({0, 10}, 0), {{0, 10}});
    order.writer.Expire(kNow + minutes(11));
    RequireNothing(order.Take({0, 10}, 0));
  }
  SECTION("held back") {
    RequireNothing(order.Take({10, 20}, 0));
    order.writer.Expire(kNow + minutes(11));
    RequireProduced(order.Take({0, 10}, 0), {{0, 10}, {10, 20}});
  }
}

TEST_CASE("a fence is forgotten after ten minutes") {
  Order order;
  order.Take({0, 10}, 0);
  order.writer.Fence(kOrigin, kPartition, kEpoch);
  order.writer.Expire(kNow + minutes(10));
  RequireFenced(order.Take({10, 20}, 0), {{10, 20}});
  order.Done({0, 10});
  order.writer.Expire(kNow + minutes(11));
  RequireProduced(order.Take({10, 20}, 10), {{10, 20}});
}

}  // namespace rk
