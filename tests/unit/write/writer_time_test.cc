#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/event_fd.h"
#include "lib/link/ack_channel.h"
#include "lib/link/runtime_dir.h"
#include "lib/write/writer.h"
#include "tests/unit/batch/make_batch.h"
#include "tests/unit/link/test_directory.h"
#include "tests/unit/write/scripted_source.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr seconds kPatience{3};  // real time

/// Stores what it is given at the next look.
class InstantSink : public DeliverySink {
 public:
  void Produce(FramePtr frame) override { done_.push_back(std::move(frame)); }
  std::vector<FramePtr> Serve() override { return std::exchange(done_, {}); }
  int fd() const override { return event_.fd(); }
  milliseconds poll_timeout() const override { return seconds(1); }
  size_t outstanding() const override { return done_.size(); }
  size_t outstanding_bytes() const override { return 0; }
  Clock::duration stalled(Clock::time_point /*now*/) const override { return {}; }
  Error StallError() const override { return {ErrorKind::kBug, "stalled"}; }
  const Totals& totals() const override { return totals_; }

 private:
  std::vector<FramePtr> done_;
  EventFd event_;
  Totals totals_;
};

/// Time that passes in Wait() alone, a millisecond at most, as if there were signals all the time.
class FakePoller : public Poller {
 public:
  Clock::time_point Now() override { return now; }
  void Wait(std::span<pollfd> /*watched*/, milliseconds timeout) override {
    now += std::min(timeout, milliseconds(1));
  }

  Clock::time_point now{std::chrono::hours(1)};
};

/// A writer whose time the test makes, and a reader's end of the acknowledgement channel.
struct Fixture {
  Log log = [](LogLevel, std::string_view) {};
  TestDirectory parent;
  TestEnvironment environment{"RK_RUNTIME_DIR", parent.path()};
  RuntimeDir directory;
  Origin origin = RandomOrigin();
  AckServer reader{directory, origin, log};
  ScriptedSource source;
  InstantSink sink;
  FakePoller poller;

  Frame Batch(int64_t first, int64_t next) const {
    BatchInfo info = MakeInfo({first, next});
    info.origin = origin;
    info.ack_endpoint = reader.endpoint();
    return MakeBatch(info);
  }
  void Run() {
    Signals signals(seconds(9), log);
    Metrics metrics;
    Stage stage{"rk-write", log, signals, metrics, seconds(5)};
    Writer({}, source, sink, stage, poller).Run();
  }
  /// The end of what is acknowledged, once it is `next` or too much time has passed.
  int64_t AcknowledgedTo(int64_t next) {
    int64_t end = 0;
    const auto deadline = Clock::now() + kPatience;
    while (end != next && Clock::now() < deadline) {
      const auto message = reader.TryReceive();
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

}  // namespace rk
