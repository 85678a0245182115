#include "lib/read/offset_committer.h"

#include <catch2/catch.hpp>

#include "tests/unit/batch/make_batch.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using Offsets = OffsetCommitter::Offsets;
using Policy = OffsetCommitter::Policy;

const TopicPartition kOther{"applications", 4};
const OffsetCommitter::Clock::time_point kStart{std::chrono::hours(5)};

/// A ledger with two partitions, of which the first has two batches in flight.
struct Fixture {
  Fixture() {
    ledger.Assign(kPartition, kEpoch, 100);
    ledger.Assign(kOther, kEpoch, 7);
    ledger.Add(kPartition, MakeBatch(MakeInfo({100, 110})));
    ledger.Add(kPartition, MakeBatch(MakeInfo({110, 120})));
    while (ledger.NextToSend()) continue;
  }
  void Acknowledge(OffsetRange range) { ledger.Acknowledge(kPartition, kEpoch, range); }
  Offsets Assign() { return committer.OnAssigned({kPartition, kOther}, ledger); }
  Offsets DueAfter(milliseconds time) { return committer.Due(ledger, kStart + time); }

  Ledger ledger{{}};
  OffsetCommitter committer{Policy::kAcknowledged};
};

TEST_CASE("where a partition starts is committed at once, so that latest survives a crash") {
  Fixture f;
  CHECK(f.Assign() == Offsets{{kPartition, 100}, {kOther, 7}});
  CHECK(f.DueAfter(milliseconds(0)).empty());  // it has been asked for
}

TEST_CASE("an assignment of more partitions does not commit the others' starts again") {
  Fixture f;
  REQUIRE(f.committer.OnAssigned({kPartition}, f.ledger) == Offsets{{kPartition, 100}});
  CHECK(f.committer.OnAssigned({kOther}, f.ledger) == Offsets{{kOther, 7}});
}

TEST_CASE("what was sent and not acknowledged is not committed") {
  Fixture f;
  f.Assign();
  f.Acknowledge({110, 120});  // the later one
  CHECK(f.DueAfter(milliseconds(0)).empty());
  f.Acknowledge({100, 110});
  CHECK(f.DueAfter(milliseconds(1000)) == Offsets{{kPartition, 120}});
}

TEST_CASE("a floor that moved is committed once in each interval at most") {
  Fixture f;
  f.Assign();
  f.Acknowledge({100, 105});
  CHECK(f.DueAfter(milliseconds(0)) == Offsets{{kPartition, 105}});
  f.Acknowledge({105, 110});
  CHECK(f.DueAfter(milliseconds(999)).empty());
  CHECK(f.DueAfter(milliseconds(1000)) == Offsets{{kPartition, 110}});
  CHECK(f.DueAfter(milliseconds(2000)).empty());  // it has not moved
}

TEST_CASE("what the brokers refused is due again in the next interval") {
  Fixture f;
  f.Assign();
  f.Acknowledge({100, 110});
  REQUIRE(f.DueAfter(milliseconds(0)) == Offsets{{kPartition, 110}});
  f.committer.OnRefused();
  CHECK(f.DueAfter(milliseconds(1000)) == Offsets{{kPartition, 110}, {kOther, 7}});
  CHECK(f.DueAfter(milliseconds(2000)).empty());
}

TEST_CASE("before partitions go all floors are committed, whatever was asked for before") {
  Fixture f;
  f.Assign();
  f.Acknowledge({100, 110});
  f.DueAfter(milliseconds(0));
  CHECK(f.committer.All(f.ledger) == Offsets{{kPartition, 110}, {kOther, 7}});
  CHECK(f.committer.All(f.ledger) ==
        Offsets{{kPartition, 110}, {kOther, 7}});  // asking is no doing
}

TEST_CASE("what was committed and waited for is not asked for again") {
  Fixture f;
  f.Assign();
  f.Acknowledge({100, 110});
  f.committer.OnCommitted(f.committer.All(f.ledger));
  CHECK(f.DueAfter(milliseconds(0)).empty());
}

TEST_CASE("a partition that was given up is not committed, even if the ledger knows it") {
  Fixture f;
  f.Assign();
  f.Acknowledge({100, 110});
  f.committer.OnRevoked(kPartition);
  CHECK(f.committer.All(f.ledger) == Offsets{{kOther, 7}});
  CHECK(f.DueAfter(milliseconds(0)).empty());
}

TEST_CASE("a partition that comes back is committed again where it starts") {
  Fixture f;
  f.Assign();
  f.committer.OnRevoked(kPartition);
  f.ledger.Assign(kPartition, kEpoch + 1, 100);
  CHECK(f.committer.OnAssigned({kPartition}, f.ledger) == Offsets{{kPartition, 100}});
}

TEST_CASE("where nobody commits, nothing is ever to be committed") {
  Fixture f;
  f.committer = OffsetCommitter(Policy::kNothing);
  CHECK_FALSE(f.committer.commits());
  CHECK(f.Assign().empty());
  f.Acknowledge({100, 120});
  CHECK(f.DueAfter(milliseconds(0)).empty());
  CHECK(f.committer.All(f.ledger).empty());
}

TEST_CASE("where writers commit, the reader does so at its end alone") {
  Fixture f;
  f.committer = OffsetCommitter(Policy::kByWriters);
  CHECK(f.Assign().empty());
  f.Acknowledge({100, 120});
  CHECK(f.DueAfter(std::chrono::hours(1)).empty());
  CHECK(f.committer.All(f.ledger).empty());
  CHECK(f.committer.AtEnd(f.ledger) == Offsets{{kPartition, 120}, {kOther, 7}});
  CHECK(f.committer.commits());
}

}  // namespace
}  // namespace rk
