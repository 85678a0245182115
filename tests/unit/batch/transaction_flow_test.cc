#include "lib/batch/transaction_flow.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/batch/claimants.h"
#include "tests/unit/batch/make_batch.h"

namespace rk {
namespace {

using Step = TransactionFlow::Step;
using std::chrono::milliseconds;

constexpr char kReader[] = "ipc:///run/ack-1";
constexpr milliseconds kInterval{100};
const PartitionClaim kClaim{kReader, kPartition, kEpoch};
const GroupMember kMember{5, "member-1", ""};

struct Fixture {
  void Take(OffsetRange range) {
    BatchInfo info = MakeInfo(range);
    info.ack_endpoint = kReader;
    flow.Take(std::make_shared<const Frame>(MakeBatch(info)), now);
  }
  void Open() {
    REQUIRE(flow.Next(now, 0) == Step::kOpen);
    flow.OnOpened();
  }
  void ClaimAndGrant(const std::vector<std::string>& earlier = {}) {
    REQUIRE(flow.TakeClaims(now) == std::vector<PartitionClaim>{kClaim});
    flow.OnGroup(kReader, kMember);
    flow.OnGrant(kClaim, flow.life(), "topic-1", earlier);
  }
  void TakeOver() {
    REQUIRE(flow.Next(now, 0) == Step::kTakeOver);
    flow.OnTakenOver({});
  }
  void ProduceAll() {
    REQUIRE(flow.Next(now, 0) == Step::kBegin);
    while (flow.Next(now, 1) == Step::kProduce) flow.NextFrame();
  }

  TransactionFlow::Clock::time_point now{std::chrono::hours(1)};
  TransactionFlow flow{"w1", kInterval};
};

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "nothing is claimed before the producer is open, lest a fence misses it") {
  Take({0, 2});
  CHECK(flow.TakeClaims(now).empty());
  REQUIRE(flow.Next(now, 0) == Step::kOpen);
  CHECK(flow.TakeClaims(now).empty());
  flow.OnOpened();
  CHECK(flow.TakeClaims(now) == std::vector<PartitionClaim>{kClaim});
}

TEST_CASE_METHOD(Fixture, "a grant to an earlier life of the producer lets nothing be produced") {
  Take({0, 2});
  Open();
  REQUIRE(flow.TakeClaims(now).size() == 1);
  const uint64_t earlier_life = flow.life();
  flow.OnLost();
  Open();
  REQUIRE(flow.TakeClaims(now).size() == 1);
  flow.OnGroup(kReader, kMember);
  flow.OnGrant(kClaim, earlier_life, "topic-1", {});
  CHECK(flow.Next(now, 0) == Step::kNothing);
  flow.OnGrant(kClaim, flow.life(), "topic-1", {"w2"});
  CHECK(flow.Next(now, 0) == Step::kTakeOver);
  CHECK(flow.takeover().fence == std::set<std::string>{"w2"});
}

TEST_CASE_METHOD(Fixture, "all that a grant names are fenced before anything is produced") {
  Take({0, 2});
  Open();
  ClaimAndGrant({"w1", "w2", "w3"});
  REQUIRE(flow.Next(now, 0) == Step::kTakeOver);
  CHECK(flow.takeover().fence == std::set<std::string>{"w2", "w3"});
  CHECK(flow.Next(now, 0) == Step::kNothing);
  CHECK(flow.TakeTaken().empty());
  flow.OnTakenOver({});
  CHECK(flow.TakeTaken() == std::vector<PartitionClaim>{kClaim});
  CHECK(flow.Next(now, 0) == Step::kBegin);
}

TEST_CASE_METHOD(Fixture,
                 "a transaction is committed at once when nothing waits, else after its interval") {
  Take({0, 2});
  Open();
  ClaimAndGrant();
  TakeOver();
  ProduceAll();
  SECTION("nothing waits: only for its records") {
    CHECK(flow.Next(now, 1) == Step::kNothing);
    CHECK(flow.Next(now, 0) == Step::kCommit);
  }
  SECTION("more keeps coming") {
    Take({2, 4});
    now += kInterval - milliseconds(1);
    CHECK(flow.Next(now, 1) == Step::kProduce);
    flow.NextFrame();
    Take({4, 6});
    now += milliseconds(1);
    CHECK(flow.Next(now, 0) == Step::kCommit);
    CHECK(flow.offsets()[0].offsets == std::vector<PartitionOffset>{{kPartition, 4}});
  }
}

TEST_CASE_METHOD(Fixture,
                 "a partition that is given up takes the transaction that holds it with it") {
  Take({0, 2});
  Open();
  ClaimAndGrant();
  TakeOver();
  ProduceAll();
  flow.OnFence(kClaim);
  CHECK(flow.Next(now, 0) == Step::kAbort);
  flow.OnAborted(true);
  CHECK(flow.TakeDropped().size() == 1);
  CHECK(flow.outstanding() == 0);
}

TEST_CASE(
    "all who claimed a partition in an earlier epoch are to be fenced, until one has done so") {
  const TopicPartition partition{"t", 0};
  Claimants claimants;
  const auto claim = [&](int64_t epoch, const std::string& id) {
    auto earlier = claimants.Claim(partition, epoch, id);
    std::ranges::sort(earlier);
    return earlier;
  };
  using Ids = std::vector<std::string>;
  CHECK(claim(1, "w1").empty());
  CHECK(claim(1, "w2").empty());  // of one epoch each has offsets of its own
  CHECK(claim(2, "w3") == Ids{"w1", "w2"});
  CHECK(claim(3, "w4") == Ids{"w1", "w2", "w3"});  // w3 may never have come to it
  claimants.Taken(partition, 3, "w4");
  CHECK(claim(4, "w1") == Ids{"w4"});
}

}  // namespace rk
