#include "lib/read/reader.h"

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/link/ack_channel.h"
#include "tests/unit/link/test_directory.h"
#include "tests/unit/read/fake_consumer.h"
#include "tests/unit/read/fake_sink.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = Reader::Clock;
using Offsets = FakeBrokers::Offsets;

constexpr seconds kPatience{10};
const TopicPartition kOther{"applications", 4};

/// A reader of fake brokers on a thread of its own, with a clock that only the test moves, and a
/// writer's end of the acknowledgement channel.
struct Fixture {
  Fixture() {
    options.topics = {kPartition.topic};
    options.group = "credit";
    options.start = {StartOffset::Kind::kStored, 0};
    options.batch.records = 10;
    brokers.Append(kPartition, 0);
  }
  ~Fixture() {
    if (!running.valid()) return;
    Acknowledge();  // whatever the test left
    drain.Set();
    running.wait();
  }

  void Start(const std::vector<TopicPartition>& found = {kPartition}) {
    Reader::Dependencies dependencies{sink,
                                      std::make_unique<FakeConsumer>(brokers),
                                      {found, ""},
                                      drain.fd(),
                                      [this] { return replaced; },
                                      metrics,
                                      log,
                                      [this] { return Clock::time_point(now.load()); }};
    reader = std::make_unique<Reader>(options, std::move(dependencies));
    running = std::async(std::launch::async, [this] { reader->Run(); });
    if (!options.partitions && assigns) brokers.Assign(found);
  }

  /// Moves the clock, and waits until the reader has ticked if that is a second or more.
  void Advance(milliseconds time) {
    const int before = brokers.ticks();
    now = now.load() + time;
    brokers.Wake();
    if (time >= seconds(1)) REQUIRE(Until([&] { return brokers.ticks() > before; }));
  }
  static bool Until(const std::function<bool()>& holds) {
    const auto deadline = Clock::now() + kPatience;
    while (!holds()) {
      if (Clock::now() >= deadline) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }
  /// Lets seconds pass until `offsets` were asked to be committed.
  bool UntilCommitted(const Offsets& offsets) {
    return Until([&] {
      if (!brokers.commits().empty() && brokers.commits().back() == offsets) return true;
      Advance(seconds(1));
      return false;
    });
  }

  void Say(AckKind kind, const Frame& frame, bool blame = false) {
    AckMessage message{kind,
                       blame,
                       {std::string(frame.info().topic), frame.info().partition},
                       frame.info().epoch,
                       {}};
    if (kind != AckKind::kFenced) message.ranges = {RangeOf(frame)};
    writer.Send(std::string(frame.info().ack_endpoint), message);
  }
  void Acknowledge() {
    for (size_t i = 0; i < sink.sent_count(); ++i) Say(AckKind::kAck, sink.sent(i));
  }
  /// The next Fence that the writer gets.
  std::optional<AckMessage> NextFence() {
    std::optional<AckClient::Incoming> incoming;
    Until([&] { return (incoming = writer.TryReceive()).has_value(); });
    return incoming ? std::optional(incoming->message) : std::nullopt;
  }
  bool WasLogged(const std::string& text) {
    const std::lock_guard lock(log_mutex);
    return std::ranges::any_of(
        logged, [&](const auto& line) { return line.find(text) != std::string::npos; });
  }

  TestDirectory parent;
  TestEnvironment environment{"RK_RUNTIME_DIR", parent.path()};
  std::mutex log_mutex;
  std::vector<std::string> logged;
  Log log = [this](LogLevel, std::string_view text) {
    const std::lock_guard lock(log_mutex);
    logged.emplace_back(text);
  };
  bool replaced = false;  ///< says who asks for the drain
  bool assigns = true;    ///< the group hands out the partitions at once
  std::atomic<Clock::duration> now{std::chrono::hours(5)};
  ReaderOptions options;
  FakeBrokers brokers;
  FakeSink sink;
  EventFd drain;
  Metrics metrics;
  AckClient writer{log};
  std::unique_ptr<Reader> reader;
  std::future<void> running;
};

TEST_CASE("what is acknowledged is committed at the next tick, what is only sent is not") {
  Fixture f;
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
  Fixture f;
  f.brokers.Append(kPartition, 20);
  f.Start();
  REQUIRE(f.sink.WaitForSent(2));
  f.Say(AckKind::kAck, f.sink.sent(1));
  f.Advance(seconds(1));
  f.Say(AckKind::kAck, f.sink.sent(0));
  CHECK(f.UntilCommitted({{kPartition, 20}}));
  CHECK(f.brokers.commits() == std::vector<Offsets>{{{kPartition, 0}}, {{kPartition, 20}}});
}

TEST_CASE("a nacked batch is sent again at once, and its attempt rises with blame") {
  Fixture f;
  f.brokers.Append(kPartition, 10);
  f.Start();
  REQUIRE(f.sink.WaitForSent(1));
  f.Say(AckKind::kNack, f.sink.sent(0));
  REQUIRE(f.sink.WaitForSent(2));
  CHECK(RangeOf(f.sink.sent(1)) == OffsetRange{0, 10});
  CHECK(f.sink.sent(1).info().attempt == 0);
  f.Say(AckKind::kNack, f.sink.sent(0), /*blame=*/true);
  REQUIRE(f.sink.WaitForSent(3));
  CHECK(f.sink.sent(2).info().attempt == 1);
}

TEST_CASE("a nack of everything sends again whatever is in flight") {
  Fixture f;
  f.brokers.Append(kPartition, 20);
  f.Start();
  REQUIRE(f.sink.WaitForSent(2));
  AckMessage all;
  all.kind = AckKind::kNackAll;
  f.writer.Send(std::string(f.sink.sent(0).info().ack_endpoint), all);
  REQUIRE(f.sink.WaitForSent(4));
  CHECK(RangeOf(f.sink.sent(2)) == OffsetRange{0, 10});
  CHECK(RangeOf(f.sink.sent(3)) == OffsetRange{10, 20});
}

TEST_CASE("on a link that may lose a frame, what nobody acknowledges for 60 s is sent again") {
  Fixture f;
  f.sink.is_lossy = true;
  f.brokers.Append(kPartition, 20);
  f.Start();
  REQUIRE(f.sink.WaitForSent(2));
  f.Advance(seconds(1));  // the 60 s begin
  f.Advance(seconds(59));
  f.Advance(seconds(1));
  REQUIRE(f.sink.WaitForSent(3));
  CHECK(RangeOf(f.sink.sent(2)) == OffsetRange{0, 10});
  CHECK(f.sink.sent(2).info().attempt == 0);
  CHECK(f.WasLogged("replayed batches=1"));
}

TEST_CASE("on a pipe nothing is ever sent again for want of an acknowledgement") {
  Fixture f;
  f.brokers.Append(kPartition, 20);
  f.Start();
  REQUIRE(f.sink.WaitForSent(2));
  for (int minute = 0; minute < 10; ++minute) f.Advance(seconds(60));
  CHECK(f.sink.sent_count() == 2);
}

TEST_CASE("a commit that was refused is asked for again at the next tick") {
  Fixture f;
  f.brokers.Append(kPartition, 10);
  f.Start();
  REQUIRE(f.sink.WaitForSent(1));
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

TEST_CASE("what is in flight of a revoked partition may be acknowledged within the grace") {
  Fixture f;
  f.options.revoke_grace = kPatience;
  f.brokers.Append(kPartition, 10);
  f.Start();
  REQUIRE(f.sink.WaitForSent(1));
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
  Fixture f;
  f.options.revoke_grace = milliseconds(20);
  f.brokers.Append(kPartition, 20);
  f.Start();
  REQUIRE(f.sink.WaitForSent(2));
  f.Say(AckKind::kAck, f.sink.sent(0));
  REQUIRE(f.UntilCommitted({{kPartition, 10}}));
  f.brokers.Revoke({kPartition}, /*lost=*/false);
  REQUIRE(f.NextFence());
  CHECK(f.brokers.waited_commits() == std::vector<Offsets>{{{kPartition, 10}}});
}

TEST_CASE("nothing is committed for a partition that has another owner already") {
  Fixture f;
  f.options.revoke_grace = kPatience;
  f.brokers.Append(kPartition, 20);
  f.Start({kPartition, kOther});
  REQUIRE(f.sink.WaitForSent(2));
  f.Say(AckKind::kAck, f.sink.sent(0));
  REQUIRE(f.UntilCommitted({{kPartition, 10}}));
  f.Say(AckKind::kAck, f.sink.sent(1));
  f.brokers.Revoke({kPartition}, /*lost=*/true);
  CHECK(f.NextFence());  // at once: the grace is for those that are still ours
  CHECK(f.brokers.waited_commits().empty());
}

TEST_CASE("a partition that comes back goes on where its group is, under a higher epoch") {
  Fixture f;
  f.options.start = {StartOffset::Kind::kBeginning, 0};
  f.options.revoke_grace = milliseconds(0);
  f.brokers.Append(kPartition, 20);
  f.Start();
  REQUIRE(f.sink.WaitForSent(2));
  f.brokers.Store(kPartition, 10);
  f.brokers.Revoke({kPartition}, /*lost=*/true);
  f.brokers.Assign({kPartition});
  REQUIRE(f.sink.WaitForSent(3));
  CHECK(RangeOf(f.sink.sent(2)) == OffsetRange{10, 20});
  CHECK(f.sink.sent(2).info().epoch > f.sink.sent(0).info().epoch);
}

TEST_CASE("a reader that commits nothing goes on where it was when a partition comes back") {
  Fixture f;
  f.sink.is_acknowledged = false;  // a file: sent is done, and nothing is committed
  f.brokers.Append(kPartition, 20);
  f.Start();
  REQUIRE(f.sink.WaitForSent(2));
  f.brokers.Revoke({kPartition}, /*lost=*/false);
  f.brokers.Append(kPartition, 5);
  f.brokers.Assign({kPartition});
  REQUIRE(f.sink.WaitForSent(3));
  CHECK(RangeOf(f.sink.sent(2)) == OffsetRange{20, 25});
  CHECK(f.brokers.commits().empty());
  CHECK(f.brokers.waited_commits().empty());
}

TEST_CASE("a drain reads no more, waits for what is in flight, commits it and ends the stream") {
  Fixture f;
  f.brokers.Append(kPartition, 10);
  f.Start();
  REQUIRE(f.sink.WaitForSent(1));
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
  Fixture f;
  f.replaced = true;
  f.options.exit_at_end = true;
  f.Start();
  f.running.get();
  CHECK(f.brokers.closed() == Consumer::Membership::kStay);
}

TEST_CASE("the option -o says when it overrides what the group has stored, in one line") {
  Fixture f;
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
  Fixture f;
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

TEST_CASE("the last commit is tried again while the group is rebalanced") {
  Fixture f;
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
  Fixture f;
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
  Fixture f;
  f.brokers.Append(kPartition, 20);
  f.Start();
  REQUIRE(f.sink.WaitForSent(2));
  f.Say(AckKind::kAck, f.sink.sent(0));
  REQUIRE(f.UntilCommitted({{kPartition, 10}}));
  f.brokers.With([&] { f.brokers.fetch_error.emplace(ErrorKind::kMissing, "the topic is gone"); });
  CHECK_THROWS_WITH(f.running.get(), "the topic is gone");
  CHECK(f.brokers.waited_commits() == std::vector<Offsets>{{{kPartition, 10}}});
  CHECK_FALSE(f.sink.finished);
}

TEST_CASE("a link that breaks ends the reader") {
  Fixture f;
  f.sink.send_error.emplace(ErrorKind::kBrokenPipe, "the next stage is gone");
  f.brokers.Append(kPartition, 10);
  f.Start();
  CHECK_THROWS_WITH(f.running.get(), "the next stage is gone");
}

TEST_CASE("a count is kept to the record, over batches and partitions") {
  Fixture f;
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
  Fixture f;
  f.brokers.Append(kPartition, 30);
  f.brokers.Append(kOther, 10);
  f.Start({kPartition, kOther});
  REQUIRE(f.sink.WaitForSent(4));
  CHECK(f.sink.sent(0).info().partition == kPartition.partition);
  CHECK(f.sink.sent(1).info().partition == kOther.partition);
}

TEST_CASE("a full window stops the fetching and not the polling") {
  Fixture f;
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

TEST_CASE("records that retention deleted end the reader, naming them") {
  Fixture f;
  f.brokers.Store(kPartition, 5);
  f.brokers.Append(kPartition, 50);
  f.brokers.Truncate(kPartition, 40);
  f.Start();
  CHECK_THROWS_WITH(f.running.get(),
                    Catch::Contains("partition 3: offsets 5 to 40 are no longer on the broker"));
}

TEST_CASE("with --on-offset-loss=skip it goes on behind them, and the next batch covers the gap") {
  Fixture f;
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
  Fixture f;
  f.brokers.Append(kPartition, 10);
  f.Start();
  REQUIRE(f.sink.WaitForSent(1));
  f.brokers.Rewind(kPartition, {0, /*new_topic=*/true}, 25);
  REQUIRE(f.Until([&] { return f.WasLogged("was deleted and created again"); }));
  f.Advance(seconds(1));
  CHECK(f.sink.sent_count() == 1);
  f.Acknowledge();
  CHECK(f.Until([&] {
    f.Advance(seconds(1));
    return f.sink.sent_count() >= 4;
  }));
  CHECK(RangeOf(f.sink.sent(1)) == OffsetRange{0, 10});
  CHECK(RangeOf(f.sink.sent(3)) == OffsetRange{20, 25});
  CHECK(f.sink.sent(1).info().epoch > f.sink.sent(0).info().epoch);
  CHECK(f.brokers.commits().back() == Offsets{{kPartition, 0}});  // at once, or a crash loses them
  f.Acknowledge();
  CHECK(f.UntilCommitted({{kPartition, 25}}));
}

TEST_CASE("a log that was cut is a loss of offsets: the reader ends, or goes on there if told so") {
  Fixture f;
  f.brokers.Append(kPartition, 10);
  SECTION("exit") {
    f.Start();
    REQUIRE(f.sink.WaitForSent(1));
    f.brokers.Rewind(kPartition, {4, /*new_topic=*/false}, 20);
    CHECK_THROWS_WITH(f.running.get(), Catch::Contains("partition 3: the broker's log was cut at "
                                                       "offset 4, before what was read up to 10"));
  }
  SECTION("skip") {
    f.options.skip_lost = true;
    f.Start();
    REQUIRE(f.sink.WaitForSent(1));
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
  Fixture f;
  f.brokers.Append(kPartition, 10);
  SECTION("fixed") {
    f.options.partitions = {kPartition.partition};
    f.Start();
    REQUIRE(f.sink.WaitForSent(1));
    f.Say(AckKind::kFenced, f.sink.sent(0));
    CHECK_THROWS_WITH(f.running.get(), Catch::Contains("another reader took it over"));
  }
  SECTION("of a group") {
    f.Start();
    REQUIRE(f.sink.WaitForSent(1));
    f.Say(AckKind::kFenced, f.sink.sent(0));
    CHECK(f.Until([&] { return f.WasLogged("another reader took it over"); }));
    f.Acknowledge();
    CHECK(f.UntilCommitted({{kPartition, 10}}));
  }
}

TEST_CASE("a reader of all partitions takes up those that are made later, from their beginning") {
  Fixture f;
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

TEST_CASE("with -e the reader ends when all partitions that it was given are at their ends") {
  Fixture f;
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

TEST_CASE("a group that never answers is warned of, and ends the reader at the join limit") {
  Fixture f;
  f.assigns = false;
  f.brokers.join_limit = seconds(15);
  f.Start();
  f.Advance(seconds(10));
  CHECK(f.Until([&] { return f.WasLogged("no partition assignment for 10 s; still waiting"); }));
  f.Advance(seconds(5));
  CHECK_THROWS_WITH(f.running.get(), Catch::Contains("is its coordinator reachable?"));
}

TEST_CASE("the lag is what lies between the floor and the end") {
  Fixture f;
  f.brokers.Store(kPartition, 5);
  f.brokers.Append(kPartition, 12);
  f.Start();
  REQUIRE(f.sink.WaitForSent(1));
  f.Advance(seconds(1));
  f.Advance(seconds(1));
  CHECK(f.metrics.Gauge("lag_records").value() == 7);
}

}  // namespace
}  // namespace rk
