// Which partitions the reader has, and where it starts in them.
#include <catch2/catch.hpp>

#include "lib/read/reader.h"
#include "tests/unit/read/reader_fixture.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Offsets = FakeBrokers::Offsets;

TEST_CASE("what is in flight of a revoked partition may be acknowledged within the grace") {
  ReaderFixture f;
  f.options.revoke_grace = kPatience;
  f.StartWith(10);
  f.brokers.Revoke({kPartition}, /*lost=*/false);
  f.Acknowledge();
  const auto fence = f.NextFence();
  REQUIRE(fence);
  CHECK(fence->kind == AckKind::kFence);
  CHECK(fence->partition == kPartition);
  CHECK(fence->epoch == f.sink.sent(0).info().epoch);
  CHECK(f.brokers.waited_commits() == std::vector<Offsets>{{{kPartition, 10}}});
  f.brokers.Append(kPartition, 10);  // another's now
  f.Advance(seconds(1));
  CHECK(f.sink.sent_count() == 1);
}

TEST_CASE("what is not acknowledged within the grace is left to the next owner") {
  ReaderFixture f;
  f.options.revoke_grace = milliseconds(20);
  f.StartWith(20);
  f.Say(AckKind::kAck, f.sink.sent(0));
  REQUIRE(f.UntilCommitted({{kPartition, 10}}));
  f.brokers.Revoke({kPartition}, /*lost=*/false);
  REQUIRE(f.NextFence());
  CHECK(f.brokers.waited_commits() == std::vector<Offsets>{{{kPartition, 10}}});
  f.Say(AckKind::kNack, f.sink.sent(1));
  std::this_thread::sleep_for(milliseconds(100));
  CHECK(f.sink.sent_count() == 2);
}

TEST_CASE("what is committed as a partition is revoked is not committed again") {
  ReaderFixture f;
  f.options.revoke_grace = kPatience;
  f.brokers.Append(kPartition, 10);
  f.brokers.Append(kOther, 10);
  f.Start({kPartition, kOther});
  REQUIRE(f.sink.WaitForSent(2));
  f.brokers.Revoke({kPartition}, /*lost=*/false);
  const bool swapped = f.sink.sent(0).info().partition == kPartition.partition;
  for (const bool last : {false, true}) f.Say(AckKind::kAck, f.sink.sent(last == swapped ? 0 : 1));
  REQUIRE(f.NextFence());
  CHECK(f.brokers.waited_commits() == std::vector<Offsets>{{{kPartition, 10}, {kOther, 10}}});
  const size_t commits = f.brokers.commits().size();
  f.Advance(seconds(1));
  CHECK(f.brokers.commits().size() == commits);
}

TEST_CASE("nothing is committed for a partition that has another owner already") {
  ReaderFixture f;
  f.options.revoke_grace = kPatience;
  f.StartWith(20, {kPartition, kOther});
  f.Say(AckKind::kAck, f.sink.sent(0));
  REQUIRE(f.UntilCommitted({{kPartition, 10}}));
  f.Say(AckKind::kAck, f.sink.sent(1));
  f.brokers.Revoke({kPartition}, /*lost=*/true);
  CHECK(f.NextFence());  // at once: the grace is for those that are still ours
  CHECK(f.brokers.waited_commits().empty());
}

TEST_CASE("a partition that comes back goes on where its group is, under a higher epoch") {
  ReaderFixture f;
  f.options.start = {StartOffset::Kind::kBeginning, 0};
  f.options.revoke_grace = milliseconds(0);
  f.StartWith(20);
  f.brokers.Store(kPartition, 10);
  f.brokers.Revoke({kPartition}, /*lost=*/true);
  f.brokers.Assign({kPartition});
  REQUIRE(f.sink.WaitForSent(3));
  CHECK(RangeOf(f.sink.sent(2)) == OffsetRange{10, 20});
  CHECK(f.sink.sent(2).info().epoch > f.sink.sent(0).info().epoch);
}

TEST_CASE("a reader that commits nothing goes on where it was when a partition comes back") {
  ReaderFixture f;
  f.sink.is_acknowledged = false;  // a file: sent is done, and nothing is committed
  f.StartWith(20);
  f.brokers.Revoke({kPartition}, /*lost=*/false);
  f.brokers.Append(kPartition, 5);
  f.brokers.Assign({kPartition});
  REQUIRE(f.sink.WaitForSent(3));
  CHECK(RangeOf(f.sink.sent(2)) == OffsetRange{20, 25});
  CHECK(f.brokers.commits().empty());
  CHECK(f.brokers.waited_commits().empty());
}

TEST_CASE("the option -o says when it overrides what the group has stored, in one line") {
  ReaderFixture f;
  f.options.start = {StartOffset::Kind::kEnd, 0};
  f.brokers.Store(kPartition, 10);
  f.brokers.Store(kOther, 10);
  f.brokers.Append(kPartition, 30);
  SECTION("of one partition") {
    f.brokers.Append(kOther, 10);
    f.Start({kPartition, kOther});
    CHECK(f.Until([&] {
      return f.WasLogged(
          "group credit: -o overrides its stored offset topic=applications partition=3 stored=10 "
          "start=30 partitions=1");
    }));
  }
  SECTION("of several") {
    f.brokers.Append(kOther, 20);
    f.Start({kPartition, kOther});
    CHECK(f.Until([&] { return f.WasLogged("start=30 partitions=2"); }));
    CHECK_FALSE(f.WasLogged("partition=4 stored"));
  }
}

TEST_CASE("a restart goes on where the group is, and -o is for what it has not stored") {
  ReaderFixture f;
  f.options.start = {StartOffset::Kind::kEnd, 0};
  f.options.start_priority = StartOffsets::Priority::kStored;
  f.brokers.Store(kPartition, 10);
  f.brokers.Append(kPartition, 20);
  f.brokers.Append(kOther, 20);
  f.Start({kPartition, kOther});
  REQUIRE(f.sink.WaitForSent(1));
  f.brokers.Append(kOther, 10);
  REQUIRE(f.sink.WaitForSent(2));
  CHECK(RangeOf(f.sink.sent(0)) == OffsetRange{10, 20});
  CHECK(RangeOf(f.sink.sent(1)) == OffsetRange{20, 30});
  CHECK_FALSE(f.WasLogged("overrides"));
}

TEST_CASE("records that retention deleted end the reader, naming them") {
  ReaderFixture f;
  f.brokers.Store(kPartition, 5);
  f.brokers.Append(kPartition, 50);
  f.brokers.Truncate(kPartition, 40);
  f.Start();
  CHECK_THROWS_WITH(f.running.get(),
                    Catch::Contains("partition 3: offsets 5 to 40 are no longer on the broker"));
}

TEST_CASE("with --on-offset-loss=skip it goes on behind them, and the next batch covers the gap") {
  ReaderFixture f;
  f.options.skip_lost = true;
  f.brokers.Store(kPartition, 5);
  f.brokers.Append(kPartition, 50);
  f.brokers.Truncate(kPartition, 40);
  f.Start();
  REQUIRE(f.sink.WaitForSent(1));
  CHECK(RangeOf(f.sink.sent(0)) == OffsetRange{5, 50});
  CHECK(OffsetsOf(f.sink.sent(0)).front() == 40);
  CHECK(f.brokers.restarts() == Offsets{{kPartition, 40}});
  CHECK(f.WasLogged("offsets 5 to 40 are no longer on the broker"));
}

TEST_CASE("a topic made again is read from its beginning, once what is in flight is written") {
  ReaderFixture f;
  f.StartWith(10);
  f.brokers.Rewind(kPartition, {0, /*new_topic=*/true}, 25);
  REQUIRE(f.Until([&] { return f.WasLogged("was deleted and created again"); }));
  f.Advance(seconds(1));
  CHECK(f.sink.sent_count() == 1);
  const size_t commits = f.brokers.commits().size();
  f.Acknowledge();
  // At once, or a crash loses what comes.
  CHECK(f.Until([&] { return f.brokers.commits().size() > commits; }));
  CHECK(f.brokers.commits().back() == Offsets{{kPartition, 0}});
  CHECK(f.Until([&] {
    f.Advance(seconds(1));
    return f.sink.sent_count() >= 4;
  }));
  CHECK(RangeOf(f.sink.sent(1)) == OffsetRange{0, 10});
  CHECK(RangeOf(f.sink.sent(3)) == OffsetRange{20, 25});
  CHECK(f.sink.sent(1).info().epoch > f.sink.sent(0).info().epoch);
  f.Acknowledge();
  CHECK(f.UntilCommitted({{kPartition, 25}}));
}

TEST_CASE("a log that was cut is a loss of offsets: the reader ends, or goes on there if told so") {
  ReaderFixture f;
  SECTION("exit") {
    f.StartWith(10);
    f.brokers.Rewind(kPartition, {4, /*new_topic=*/false}, 20);
    CHECK_THROWS_WITH(f.running.get(), Catch::Contains("partition 3: the broker's log was cut at "
                                                       "offset 4, before what was read up to 10"));
  }
  SECTION("skip") {
    f.options.skip_lost = true;
    f.StartWith(10);
    f.Acknowledge();
    REQUIRE(f.UntilCommitted({{kPartition, 10}}));
    f.brokers.Rewind(kPartition, {4, /*new_topic=*/false}, 10);
    f.Advance(seconds(1));
    REQUIRE(f.sink.WaitForSent(2));
    CHECK(RangeOf(f.sink.sent(1)) == OffsetRange{4, 14});
    CHECK(f.WasLogged("cut at offset 4"));
  }
}

TEST_CASE("a fixed partition that another reader took over ends the reader, a group's does not") {
  ReaderFixture f;
  SECTION("fixed") {
    f.options.partitions = {kPartition.partition};
    f.StartWith(10);
    f.Say(AckKind::kFenced, f.sink.sent(0));
    CHECK_THROWS_WITH(f.running.get(), Catch::Contains("another reader took it over"));
  }
  SECTION("of a group") {
    f.StartWith(10);
    f.Say(AckKind::kFenced, f.sink.sent(0));
    CHECK(f.Until([&] { return f.WasLogged("another reader took it over"); }));
    f.Acknowledge();
    CHECK(f.UntilCommitted({{kPartition, 10}}));
  }
}

TEST_CASE("a reader of all partitions takes up those that are made later, from their beginning") {
  ReaderFixture f;
  f.options.group.clear();
  f.options.partitions.emplace();
  f.options.start = {StartOffset::Kind::kEnd, 0};
  f.brokers.Append(kPartition, 10);
  f.Start();
  f.Advance(seconds(1));
  f.brokers.Append(kOther, 10);
  for (int second = 0; second < 9; ++second) f.Advance(seconds(1));
  CHECK(f.sink.sent_count() == 0);
  f.Advance(seconds(1));
  REQUIRE(f.sink.WaitForSent(1));
  CHECK(f.sink.sent(0).info().partition == kOther.partition);
  CHECK(RangeOf(f.sink.sent(0)) == OffsetRange{0, 10});
  CHECK(f.brokers.commits().empty());
}

TEST_CASE("a reader in a group, or of some partitions, takes up no others by itself") {
  ReaderFixture f;
  SECTION("in a group") {}
  SECTION("of some partitions") { f.options.partitions = {kPartition.partition}; }
  f.StartWith(10);
  f.brokers.Append(kOther, 10);
  for (int second = 0; second < 13; ++second) f.Advance(seconds(1));
  CHECK(f.sink.sent_count() == 1);
}

TEST_CASE("a group that never answers is warned of, and ends the reader at the join limit") {
  ReaderFixture f;
  f.assigns = false;
  f.brokers.join_limit = seconds(15);
  f.Start();
  f.Advance(seconds(10));
  CHECK(f.Until([&] { return f.WasLogged("no partition assignment for 10 s; still waiting"); }));
  f.Advance(seconds(5));
  CHECK_THROWS_WITH(f.running.get(), Catch::Contains("is its coordinator reachable?"));
}

}  // namespace
}  // namespace rk
