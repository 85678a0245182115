#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/batch/reader_origin.h"
#include "lib/write/writer.h"
#include "tests/unit/write/instant_sink.h"
#include "tests/unit/write/reader_end.h"
#include "tests/unit/write/scripted_source.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr seconds kPatience{3};  // real time

/// Time that passes in Wait() alone, a millisecond at most, as if there were signals all the time.
class FakePoller : public Poller {
 public:
  Clock::time_point Now() override { return now; }
  std::chrono::nanoseconds SinceBoot() override { return now.time_since_epoch(); }
  void Wait(std::span<pollfd> /*watched*/, milliseconds timeout) override {
    now += std::min(timeout, milliseconds(1));
    on_wait();
  }

  std::function<void()> on_wait = [] {};
  Clock::time_point now{std::chrono::hours(1)};
};

/// A writer whose time the test makes, and a reader's end of the acknowledgement channel.
struct Fixture {
  Log log = [](LogLevel, std::string_view) {};
  RuntimePlace place;
  ReaderEnd reader{place};
  ScriptedSource source;
  InstantSink sink;
  FakePoller poller;
  WriterOptions options;
  FailureTally failures{log};
  Metrics metrics;

  Frame Batch(int64_t first, int64_t next, int64_t epoch = kEpoch) const {
    return MakeBatch(reader.Info({first, next}, epoch));
  }
  void Run() {
    Signals signals(seconds(9), log);
    Stage stage{"rk-write", log, signals, metrics, seconds(5)};
    Writer(options, source, sink, failures, stage, poller).Run();
  }
  /// True once the reader was asked for that again.
  bool NackedFrom(OffsetRange range) {
    const auto deadline = Clock::now() + kPatience;
    while (Clock::now() < deadline) {
      const auto message = reader.server.TryReceive();
      if (message && message->kind == AckKind::kNack && message->ranges.front() == range) {
        CHECK_FALSE(message->blame);
        return true;
      }
    }
    return false;
  }
  /// The end of what is acknowledged, once it is `next` or too much time has passed.
  int64_t AcknowledgedTo(int64_t next) {
    int64_t end = 0;
    const auto deadline = Clock::now() + kPatience;
    while (end != next && Clock::now() < deadline) {
      const auto message = reader.server.TryReceive();
      if (message && message->kind == AckKind::kAck) end = message->ranges.back().next;
    }
    return end;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "what only a transactional writer may commit is refused before it is written") {
  reader.origin = ReaderOrigin(true);
  source.Give(Batch(0, 1));
  CHECK_THROWS_WITH(Run(), Catch::Contains("rk-read --exactly-once needs rk-write --exactly-once"));
  CHECK(sink.stored.empty());
  auto told = reader.Await();
  while (told && told->kind == AckKind::kHello) told = reader.Await();
  REQUIRE(told);
  CHECK(told->kind == AckKind::kAck);  // at which such a reader ends
  CHECK(told->epoch == 0);
  source.NeverAcknowledge();  // from a file, of which nothing is committed
  source.Give(Batch(0, 1));
  Run();
  CHECK(sink.stored.size() == 1);
}

TEST_CASE_METHOD(Fixture,
                 "from a pipe a stored batch is acknowledged within 5 ms of the last one") {
  const auto begin = poller.now;
  source.Give(Batch(0, 1));
  source.Do([&]() -> std::optional<Frame> {
    if (poller.now < begin + milliseconds(1)) return std::nullopt;
    return Batch(1, 2);
  });
  source.Do([&]() -> std::optional<Frame> {
    if (poller.now < begin + milliseconds(6)) return std::nullopt;
    CHECK(AcknowledgedTo(2) == 2);
    return Batch(2, 3);
  });
  Run();
}

TEST_CASE_METHOD(Fixture,
                 "a writer closes its connection to a reader that has been idle for a minute") {
  poller.now = Clock::now();
  source.Give(Batch(0, 10));
  source.Do([&, calls = 0]() mutable -> std::optional<Frame> {
    constexpr int kIdle = 70;
    poller.now += seconds(1);
    if (++calls == 4) CHECK(AcknowledgedTo(10) == 10);
    if (calls < kIdle) return std::nullopt;
    if (calls > kIdle) return Batch(10, 20);
    AckMessage fence;
    fence.kind = AckKind::kFence;
    fence.partition = kPartition;
    fence.epoch = kEpoch;
    reader.server.Broadcast(fence);
    std::this_thread::sleep_for(milliseconds(100));
    return std::nullopt;
  });
  Run();
  CHECK(sink.stored == std::vector<OffsetRange>{{0, 10}, {10, 20}});  // the fence was not heard
}

TEST_CASE_METHOD(Fixture, "what a frozen writer held is not written, but requested again") {
  source.Give(Batch(10, 20));  // held back: 0 to 10 has not come
  source.Do([&, frozen = false]() mutable -> std::optional<Frame> {
    if (!std::exchange(frozen, true)) {
      poller.now += seconds(3);
      return std::nullopt;
    }
    return Batch(20, 30);  // waited in the link all the time
  });
  // Both come again, and one more, as to a writer that has just been started.
  source.Do([&, told = false]() mutable -> std::optional<Frame> {
    if (!std::exchange(told, true)) {
      return std::nullopt;
    }
    CHECK(NackedFrom({10, 20}));
    CHECK(NackedFrom({20, 30}));
    return Batch(0, 10);
  });
  source.Give(Batch(10, 20));
  source.Give(Batch(20, 30));
  Run();
  CHECK(sink.stored == std::vector<OffsetRange>{{0, 10}, {10, 20}, {20, 30}});
  CHECK(AcknowledgedTo(30) == 30);
}

TEST_CASE_METHOD(Fixture,
                 "a writer that was silent for less than its neighbour's patience goes on") {
  source.Give(Batch(10, 20));
  source.Do([&, slept = false]() mutable -> std::optional<Frame> {
    if (std::exchange(slept, true)) return Batch(0, 10);
    poller.now += milliseconds(1900);
    return std::nullopt;
  });
  Run();
  CHECK(sink.stored == std::vector<OffsetRange>{{0, 10}, {10, 20}});
}

TEST_CASE_METHOD(Fixture,
                 "what nobody can send again is written however long the writer was silent") {
  source.NeverAcknowledge();
  source.Give(Batch(10, 20));
  source.Do([&, slept = false]() mutable -> std::optional<Frame> {
    if (std::exchange(slept, true)) return Batch(0, 10);
    poller.now += seconds(60);
    return std::nullopt;
  });
  Run();
  CHECK(sink.stored == std::vector<OffsetRange>{{0, 10}, {10, 20}});
}

TEST_CASE_METHOD(Fixture, "a writer whose input has ended waits for nothing more") {
  const auto begin = poller.now;
  Run();
  CHECK(poller.now == begin);
}

TEST_CASE_METHOD(Fixture, "with 8 MiB under way nothing more is received") {
  source.Give(Batch(0, 1));
  sink.said_bytes = size_t{8} << 20;
  int waits = 0;
  poller.on_wait = [&] {
    CHECK(sink.stored.empty());
    if (++waits == 3) --sink.said_bytes;
  };
  Run();
  CHECK(waits == 3);
  CHECK(sink.stored == std::vector<OffsetRange>{{0, 1}});
}

TEST_CASE_METHOD(Fixture,
                 "the source hears once of each frame that is done, and so do the metrics") {
  source.Give(Batch(0, 10, kEpoch + 1));
  source.Give(Batch(10, 20));  // of an epoch that is over
  source.Do([&, stored = false]() mutable -> std::optional<Frame> {
    if (!std::exchange(stored, true)) return std::nullopt;
    return Batch(0, 10, kEpoch + 1);  // again
  });
  Run();
  CHECK(source.done == std::vector<OffsetRange>{{10, 20}, {0, 10}, {0, 10}});
  CHECK(metrics.Counter("records_in").value() == 30);
  CHECK(metrics.Counter("acknowledged").value() == 2);
}

TEST_CASE_METHOD(Fixture, "what is stored nowhere is an error at the end") {
  source.Give(Batch(0, 10));
  sink.said_totals.lost = 1;
  failures.Count("too-large");
  CHECK_THROWS_WITH(Run(), "1 failed records, or their values, are stored nowhere (too-large 1)");
  CHECK(sink.stored == std::vector<OffsetRange>{{0, 10}});
}

TEST_CASE_METHOD(Fixture, "a writer stops as soon as more records have failed than may") {
  options.max_failed = FailureLimit::Parse("0");
  failures.Count("missing-field");
  for (int64_t first = 0; first < 100; ++first) source.Give(Batch(first, first + 1));
  CHECK_THROWS_WITH(Run(), Catch::Contains("(--max-failed 0)"));
  CHECK(sink.stored.size() < 100);
}

TEST_CASE_METHOD(Fixture, "a share of few records that failed is judged at the end, not before") {
  failures.Count("missing-field");
  source.Give(Batch(0, 1));
  source.Do([&, served = false]() mutable -> std::optional<Frame> {
    if (!std::exchange(served, true)) return std::nullopt;
    return Batch(1, 10);
  });
  SECTION("few enough") {
    options.max_failed = FailureLimit::Parse("10%");
    CHECK_NOTHROW(Run());
  }
  SECTION("too many") {
    options.max_failed = FailureLimit::Parse("9%");
    CHECK_THROWS_WITH(Run(), Catch::Contains("1 of 10 records failed"));
  }
}

}  // namespace rk
