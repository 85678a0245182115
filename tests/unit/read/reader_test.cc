#include "lib/read/reader.h"

#include <chrono>
#include <ctime>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/unit/read/reader_fixture.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Offsets = FakeBrokers::Offsets;

TEST_CASE("what is acknowledged is committed at the next tick, what is only sent is not") {
  ReaderFixture f;
  f.brokers.Store(kPartition, 100);
  f.brokers.Append(kPartition, 120);
  f.Start();
  REQUIRE(f.sink.WaitForSent(2));
  f.Advance(seconds(1));
  CHECK(f.brokers.commits() == std::vector<Offsets>{{{kPartition, 100}}});  // where it starts
  f.Say(AckKind::kAck, f.sink.sent(0));
  CHECK(f.UntilCommitted({{kPartition, 110}}));
  CHECK(f.brokers.commits().size() == 2);
}

TEST_CASE("a later batch's acknowledgement moves nothing while an earlier one is in flight") {
  ReaderFixture f;
  f.StartWith(20);
  f.Say(AckKind::kAck, f.sink.sent(1));
  f.Advance(seconds(1));
  f.Say(AckKind::kAck, f.sink.sent(0));
  CHECK(f.UntilCommitted({{kPartition, 20}}));
  CHECK(f.brokers.commits() == std::vector<Offsets>{{{kPartition, 0}}, {{kPartition, 20}}});
}

TEST_CASE("a nacked batch is sent again at once, and its attempt rises with blame") {
  ReaderFixture f;
  f.StartWith(10);
  f.Say(AckKind::kNack, f.sink.sent(0));
  REQUIRE(f.sink.WaitForSent(2));
  CHECK(RangeOf(f.sink.sent(1)) == OffsetRange{0, 10});
  CHECK(f.sink.sent(1).info().attempt == 0);
  f.Say(AckKind::kNack, f.sink.sent(0), /*blame=*/true);
  REQUIRE(f.sink.WaitForSent(3));
  CHECK(f.sink.sent(2).info().attempt == 1);
}

TEST_CASE("a nack of everything sends again whatever is in flight") {
  ReaderFixture f;
  f.StartWith(20);
  AckMessage all;
  all.kind = AckKind::kNackAll;
  f.writer.Send(std::string(f.sink.sent(0).info().ack_endpoint), all);
  REQUIRE(f.sink.WaitForSent(4));
  CHECK(RangeOf(f.sink.sent(2)) == OffsetRange{0, 10});
  CHECK(RangeOf(f.sink.sent(3)) == OffsetRange{10, 20});
}

TEST_CASE("on a link that may lose a frame, what nobody acknowledges for 60 s is sent again") {
  ReaderFixture f;
  f.sink.is_lossy = true;
  f.StartWith(20);
  f.Advance(seconds(1));  // the 60 s begin
  f.Advance(seconds(59));
  f.Advance(seconds(1));
  REQUIRE(f.sink.WaitForSent(3));
  CHECK(RangeOf(f.sink.sent(2)) == OffsetRange{0, 10});
  CHECK(f.sink.sent(2).info().attempt == 0);
  CHECK(f.WasLogged("replayed batches=1"));
}

TEST_CASE("on a pipe nothing is ever sent again for want of an acknowledgement") {
  ReaderFixture f;
  f.StartWith(20);
  for (int minute = 0; minute < 10; ++minute) f.Advance(seconds(60));
  CHECK(f.sink.sent_count() == 2);
}

TEST_CASE("a commit that was refused is asked for again at the next tick") {
  ReaderFixture f;
  f.StartWith(10);
  f.Acknowledge();
  REQUIRE(f.UntilCommitted({{kPartition, 10}}));
  f.Advance(seconds(1));
  const size_t before = f.brokers.commits().size();
  f.brokers.With([&] { f.brokers.refuse_commit = true; });
  f.Advance(seconds(1));
  CHECK(f.brokers.commits().size() == before + 1);
  CHECK(f.brokers.commits().back() == Offsets{{kPartition, 10}});
  f.Advance(seconds(1));
  CHECK(f.brokers.commits().size() == before + 1);
}

TEST_CASE("a drain reads no more, waits for what is in flight, commits it and ends the stream") {
  ReaderFixture f;
  f.StartWith(10);
  f.drain.Set();
  f.Advance(seconds(1));
  f.brokers.Append(kPartition, 10);
  f.Advance(seconds(1));
  CHECK(f.running.wait_for(milliseconds(0)) == std::future_status::timeout);
  CHECK_FALSE(f.sink.finished);
  f.Acknowledge();
  f.running.get();
  CHECK(f.sink.sent_count() == 1);
  CHECK(f.sink.finished);
  CHECK(f.brokers.closed() == Consumer::Membership::kLeave);
  CHECK(f.brokers.waited_commits() == std::vector<Offsets>{{{kPartition, 10}}});
}

TEST_CASE("a reader whose successor takes over keeps its place in the group") {
  ReaderFixture f;
  f.replaced = true;
  f.options.exit_at_end = true;
  f.Start();
  f.running.get();
  CHECK(f.brokers.closed() == Consumer::Membership::kStay);
}

TEST_CASE("the last commit is tried again while the group is rebalanced") {
  ReaderFixture f;
  f.options.exit_at_end = true;
  f.brokers.Append(kPartition, 10);
  f.brokers.refuse_waited = 2;
  f.Start();
  REQUIRE(f.sink.WaitForSent(1));
  f.Acknowledge();
  f.running.get();
  CHECK(f.brokers.waited_commits() == std::vector<Offsets>(3, {{kPartition, 10}}));
  CHECK(f.sink.finished);
}

TEST_CASE("a rebalance that does not end ends the reader without END") {
  ReaderFixture f;
  f.options.exit_at_end = true;
  f.brokers.refuse_waited = 1000;
  f.brokers.before_waited = [&] { f.now = f.now.load() + seconds(100); };
  f.Start();
  CHECK_THROWS_WITH(f.running.get(),
                    "group credit: commit refused because its rebalance does not end");
  CHECK(f.brokers.waited_commits().size() == 3);  // 300 s
  CHECK_FALSE(f.sink.finished);
}

TEST_CASE("a reader that cannot go on commits what is acknowledged before it says so") {
  ReaderFixture f;
  f.StartWith(20);
  f.Say(AckKind::kAck, f.sink.sent(0));
  REQUIRE(f.UntilCommitted({{kPartition, 10}}));
  f.brokers.With([&] { f.brokers.fetch_error.emplace(ErrorKind::kMissing, "the topic is gone"); });
  CHECK_THROWS_WITH(f.running.get(), "the topic is gone");
  CHECK(f.brokers.waited_commits() == std::vector<Offsets>{{{kPartition, 10}}});
  CHECK_FALSE(f.sink.finished);
}

TEST_CASE("a link that breaks ends the reader") {
  ReaderFixture f;
  f.sink.send_error.emplace(ErrorKind::kBrokenPipe, "the next stage is gone");
  f.brokers.Append(kPartition, 10);
  f.Start();
  CHECK_THROWS_WITH(f.running.get(), "the next stage is gone");
}

TEST_CASE("a count is kept to the record, over batches and partitions") {
  ReaderFixture f;
  f.options.count = 15;
  f.brokers.Append(kPartition, 10);
  f.brokers.Append(kOther, 10);
  f.Start({kPartition, kOther});
  REQUIRE(f.sink.WaitForSent(2));
  f.Acknowledge();
  f.running.get();
  CHECK(f.sink.sent(0).record_count() + f.sink.sent(1).record_count() == 15);
}

TEST_CASE("partitions take turns") {
  ReaderFixture f;
  f.brokers.Append(kPartition, 30);
  f.brokers.Append(kOther, 10);
  f.Start({kPartition, kOther});
  REQUIRE(f.sink.WaitForSent(4));
  CHECK(f.sink.sent(0).info().partition == kPartition.partition);
  CHECK(f.sink.sent(1).info().partition == kOther.partition);
}

TEST_CASE("a full window stops the fetching and not the polling") {
  ReaderFixture f;
  f.options.window.window_batches = 2;
  f.brokers.Append(kPartition, 100);
  f.Start();
  REQUIRE(f.sink.WaitForSent(2));
  std::atomic<bool> polled = false;
  f.brokers.OnPoll([&](Consumer::Listener&) { polled = true; });
  CHECK(f.Until([&] { return polled.load(); }));
  CHECK(f.sink.sent_count() == 2);
  f.Say(AckKind::kAck, f.sink.sent(0));
  CHECK(f.sink.WaitForSent(3));
}

TEST_CASE("a full window sleeps until something is acknowledged, and wakes at once") {
  ReaderFixture f;
  f.options.window.window_batches = 1;
  f.brokers.next_due =
      ReaderFixture::Clock::time_point(f.now.load());  // a batch has waited long enough
  f.brokers.Append(kPartition, 200);
  f.Start();
  REQUIRE(f.sink.WaitForSent(1));
  const std::clock_t before = std::clock();
  std::this_thread::sleep_for(milliseconds(300));
  CHECK(std::clock() - before < CLOCKS_PER_SEC / 10);
  const auto start = std::chrono::steady_clock::now();
  for (size_t batch = 0; batch < 19; ++batch) {
    f.Say(AckKind::kAck, f.sink.sent(batch));
    REQUIRE(f.sink.WaitForSent(batch + 2));
  }
  CHECK(std::chrono::steady_clock::now() - start < seconds(10));  // 19 s if only ticks woke it
}

TEST_CASE("a backlog is read without a pause between its batches") {
  ReaderFixture f;
  const auto start = std::chrono::steady_clock::now();
  f.StartWith(200);
  CHECK(std::chrono::steady_clock::now() - start < seconds(10));  // 20 s if only ticks went on
}

TEST_CASE("with -e the reader ends when all partitions that it was given are at their ends") {
  ReaderFixture f;
  f.options.exit_at_end = true;
  f.assigns = false;
  f.brokers.Append(kPartition, 10);
  f.Start();
  f.Advance(seconds(1));  // no partition yet is not the end
  CHECK(f.running.wait_for(milliseconds(0)) == std::future_status::timeout);
  f.brokers.Assign({kPartition});
  REQUIRE(f.sink.WaitForSent(1));
  f.Acknowledge();
  f.running.get();
  CHECK(f.brokers.waited_commits() == std::vector<Offsets>{{{kPartition, 10}}});
}

TEST_CASE("the lag is what lies between the floor and the end") {
  ReaderFixture f;
  f.brokers.Store(kPartition, 5);
  f.brokers.Append(kPartition, 12);
  f.Start();
  REQUIRE(f.sink.WaitForSent(1));
  f.Advance(seconds(1));
  f.Advance(seconds(1));
  CHECK(f.metrics.Gauge("lag_records").value() == 7);
  CHECK(f.metrics.Snapshot().all("partition_lag_records") ==
        std::vector<NumberSample>{{"partition_lag_records", MetricKind::kGauge, 7,
                                   "topic=\"" + kPartition.topic + "\",partition=\"" +
                                       std::to_string(kPartition.partition) + "\""}});
}

TEST_CASE("the lag at the end is that of the end") {
  ReaderFixture f;
  f.brokers.Append(kPartition, 10);
  f.Start();
  REQUIRE(f.sink.WaitForSent(1));
  f.Advance(seconds(1));
  f.Advance(seconds(1));
  REQUIRE(f.metrics.Gauge("lag_records").value() == 10);
  f.Acknowledge();
  f.drain.Set();
  f.running.get();
  CHECK(f.metrics.Gauge("lag_records").value() == 0);
}

}  // namespace
}  // namespace rk
