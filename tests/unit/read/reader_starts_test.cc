// Exactly once: where a partition starts is committed before anything of it is sent.
#include <atomic>
#include <chrono>
#include <memory>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/read/reader.h"
#include "tests/unit/read/reader_fixture.h"

namespace rk {
namespace {

using std::chrono::seconds;
using Offsets = FakeBrokers::Offsets;

/// Reads from the beginning what its group has stored the offset 100 of.
struct StartsFixture : ReaderFixture {
  StartsFixture() {
    options.exactly_once = true;
    options.start = {StartOffset::Kind::kBeginning, 0};
    brokers.Store(kPartition, 100);
    brokers.Append(kPartition, 120);
  }
};

TEST_CASE_METHOD(StartsFixture, "what a group does not take during a rebalance is said again") {
  brokers.refuse_waited = 2;
  Start();
  REQUIRE(Until([&] { return brokers.waited_commits().size() == 1; }));
  Advance(seconds(1));
  CHECK(sink.sent_count() == 0);
  Advance(seconds(1));
  REQUIRE(sink.WaitForSent(1));
  CHECK(RangeOf(sink.sent(0)) == OffsetRange{0, 10});
  CHECK(brokers.waited_commits() == std::vector<Offsets>(3, {{kPartition, 0}}));
}

TEST_CASE_METHOD(StartsFixture, "what no broker answers to is said again") {
  const auto asked = std::make_shared<std::atomic<int>>(0);  // the reader ends after us
  brokers.before_waited = [asked] {
    if (++*asked == 1) throw Error(ErrorKind::kUnavailable, "nobody answers");
  };
  Start();
  REQUIRE(Until([&] { return *asked == 1; }));
  CHECK(sink.sent_count() == 0);
  Advance(seconds(1));
  REQUIRE(sink.WaitForSent(1));
  CHECK(RangeOf(sink.sent(0)) == OffsetRange{0, 10});
}

TEST_CASE_METHOD(StartsFixture, "a partition that goes before it has begun is begun at -o again") {
  brokers.refuse_waited = 1;
  Start();
  REQUIRE(Until([&] { return brokers.waited_commits().size() == 1; }));
  brokers.Revoke({kPartition}, /*lost=*/false);
  brokers.Assign({kPartition});
  REQUIRE(sink.WaitForSent(1));
  CHECK(RangeOf(sink.sent(0)) == OffsetRange{0, 10});
}

}  // namespace
}  // namespace rk
