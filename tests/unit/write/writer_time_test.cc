#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

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
  }

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

  Frame Batch(int64_t first, int64_t next) const { return MakeBatch(reader.Info({first, next})); }
  void Run() {
    Signals signals(seconds(9), log);
    Metrics metrics;
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
                 "from a pipe a stored batch is acknowledged within 5 ms of the last one") {
  const auto begin = poller.now;
  source.Give(Batch(0, 1));
  source.Do([&]() -> std::optional<Frame> {
    if (poller.now < begin + milliseconds(1)) return std::nullopt;
    return Batch(1, 2);
  });
  source.Do([&]() -> std::optional<Frame> {
    if (poller.now < begin + milliseconds(7)) return std::nullopt;
    CHECK(AcknowledgedTo(2) == 2);
    return Batch(2, 3);
  });
  Run();
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

}  // namespace rk
