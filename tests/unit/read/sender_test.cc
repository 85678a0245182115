#include "lib/read/sender.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/batch/make_batch.h"
#include "tests/unit/link/test_pipe.h"
#include "tests/unit/read/fake_sink.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// Knows who sends, and has room as the test says.
class WatchedSink : public FakeSink {
 public:
  void Send(const Frame& frame) override {
    {
      const std::lock_guard lock(mutex_);
      senders_.push_back(std::this_thread::get_id());
    }
    FakeSink::Send(frame);
  }
  bool HasRoom(size_t /*bytes*/) const override { return has_room(); }
  void CheckNeighbour() override { ++looks; }
  int fd() const override { return output; }

  std::vector<std::thread::id> senders() {
    const std::lock_guard lock(mutex_);
    return senders_;
  }

  std::function<bool()> has_room = [] { return true; };
  std::atomic<int> looks = 0;
  int output = -1;

 private:
  std::mutex mutex_;
  std::vector<std::thread::id> senders_;
};

struct Fixture {
  Fixture() {
    window.With([](Ledger& ledger) { ledger.Assign(kPartition, kEpoch, 0); });
  }
  size_t Add() {
    return window.With([](Ledger& ledger) {
      const int64_t first = ledger.next_offset(kPartition);
      Frame frame = MakeBatch(MakeInfo({first, first + 10}));
      const size_t bytes = frame.bytes().size();
      ledger.Add(kPartition, std::move(frame));
      return bytes;
    });
  }

  Window window{{}};
  WatchedSink sink;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a frame that the link surely takes is sent by whoever added it") {
  Sender sender(window, sink);
  sender.Added(Add());
  CHECK(sink.senders() == std::vector{std::this_thread::get_id()});
}

TEST_CASE_METHOD(Fixture, "a frame that the link may not take is sent by the sender's thread") {
  sink.has_room = [] { return false; };
  Sender sender(window, sink);
  sender.Added(Add());
  REQUIRE(sink.WaitForSent(1));
  CHECK(sink.senders().front() != std::this_thread::get_id());
}

TEST_CASE_METHOD(Fixture,
                 "what waits before a frame goes before it, by the sender's thread, at once") {
  // The sender's thread looks every 500 ms by itself, so one that is not told is late.
  int late = 0;
  for (int round = 0; round < 5; ++round) {
    Sender sender(window, sink);
    std::this_thread::sleep_for(milliseconds(20));
    const size_t before = sink.sent_count();
    const auto start = Clock::now();
    Add();
    sender.Added(Add());
    REQUIRE(sink.WaitForSent(before + 2));
    if (Clock::now() - start > milliseconds(300)) ++late;
  }
  CHECK(late < 5);
  for (const auto& sent_by : sink.senders()) CHECK(sent_by != std::this_thread::get_id());
}

TEST_CASE_METHOD(Fixture, "a frame that both threads are about to send is sent once") {
  sink.has_room = [] {
    std::this_thread::sleep_for(milliseconds(700));  // the sender's thread has seen it by then
    return true;
  };
  Sender sender(window, sink);
  sender.Added(Add());
  std::this_thread::sleep_for(milliseconds(50));
  CHECK(sink.sent_count() == 1);
}

TEST_CASE_METHOD(Fixture, "a sender that waits looks after its neighbour, a few times a second") {
  const Sender sender(window, sink);
  std::this_thread::sleep_for(milliseconds(1300));
  CHECK(sink.looks >= 1);
  CHECK(sink.looks <= 3);
}

TEST_CASE_METHOD(Fixture, "an output that is closed is noticed although nothing is sent") {
  TestPipe pipe;
  sink.output = pipe.out();
  pipe.CloseIn();
  const Sender sender(window, sink);
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  std::string failure;
  while (failure.empty() && Clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(5));
    try {
      window.RethrowFailure();
    } catch (const Error& error) {
      failure = error.what();
      CHECK(error.kind() == ErrorKind::kBrokenPipe);
    }
  }
  CHECK(failure == "the output is closed: the next stage is gone");
}

TEST_CASE_METHOD(Fixture, "a sender that waits stops at once") {
  int late = 0;
  for (int round = 0; round < 5; ++round) {
    Sender sender(window, sink);
    std::this_thread::sleep_for(milliseconds(20));
    const auto start = Clock::now();
    sender.Stop();
    if (Clock::now() - start > milliseconds(300)) ++late;
  }
  CHECK(late < 5);
}

TEST_CASE_METHOD(Fixture, "where nobody acknowledges what is sent is done") {
  sink.is_acknowledged = false;
  Sender sender(window, sink);
  sender.Added(Add());
  REQUIRE(sink.WaitForSent(1));
  CHECK(window.With([](Ledger& ledger) { return ledger.floor(kPartition); }) == 10);
}

}  // namespace rk
