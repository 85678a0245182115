#include "lib/read/window.h"

#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/batch/make_batch.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Ledger::Clock::time_point kNow{seconds(1000)};

struct Fixture {
  Fixture() {
    window.With([](Ledger& ledger) { ledger.Assign(kPartition, kEpoch, 0); });
  }
  void Add() {
    window.With([](Ledger& ledger) {
      const int64_t first = ledger.next_offset(kPartition);
      ledger.Add(kPartition, MakeBatch(MakeInfo({first, first + 10})));
    });
  }

  Window window{{}};
  std::vector<std::string> logged;
  Log log = [this](LogLevel, std::string_view text) { logged.emplace_back(text); };
};

}  // namespace

TEST_CASE_METHOD(Fixture, "no third batch is wanted while two wait for the link") {
  CHECK(window.WantsMore());
  Add();
  CHECK(window.WantsMore());
  Add();
  CHECK_FALSE(window.WantsMore());
  CHECK(window.NextToSend());
  CHECK(window.WantsMore());
}

TEST_CASE_METHOD(Fixture, "that nothing was acknowledged for 10 s is warned of once") {
  window.WarnIfUnanswered(kNow - seconds(60), log);  // nothing is in flight
  Add();
  window.NextToSend();
  window.WarnIfUnanswered(kNow, log);
  window.WarnIfUnanswered(kNow + milliseconds(9999), log);
  CHECK(logged.empty());
  window.WarnIfUnanswered(kNow + seconds(10), log);
  window.WarnIfUnanswered(kNow + seconds(30), log);
  CHECK(logged.size() == 1);
}

TEST_CASE_METHOD(Fixture, "once anything was acknowledged nothing is warned of any more") {
  Add();
  Add();
  window.NextToSend();
  window.NextToSend();
  window.With([](Ledger& ledger) { ledger.Acknowledge(kPartition, kEpoch, {0, 10}); });
  window.WarnIfUnanswered(kNow, log);
  window.WarnIfUnanswered(kNow + seconds(60), log);
  CHECK(logged.empty());
}

TEST_CASE_METHOD(Fixture, "the time without an answer begins anew when nothing is in flight") {
  Add();
  window.NextToSend();
  window.WarnIfUnanswered(kNow, log);
  window.With([](Ledger& ledger) { ledger.Assign(kPartition, kEpoch, 0); });
  window.WarnIfUnanswered(kNow + seconds(8), log);
  Add();
  window.NextToSend();
  window.WarnIfUnanswered(kNow + seconds(9), log);
  window.WarnIfUnanswered(kNow + seconds(18), log);
  CHECK(logged.empty());
  window.WarnIfUnanswered(kNow + seconds(19), log);
  CHECK(logged.size() == 1);
}

TEST_CASE_METHOD(Fixture, "the first reason why a thread cannot go on is the one that is found") {
  window.RethrowFailure();
  window.Fail(std::make_exception_ptr(std::runtime_error("first")));
  window.Fail(std::make_exception_ptr(std::runtime_error("second")));
  CHECK_THROWS_WITH(window.RethrowFailure(), "first");
}

TEST_CASE_METHOD(Fixture, "the sender waits for a frame, no longer than it says") {
  CHECK_FALSE(window.WaitForUnsent(milliseconds(1)));
  Add();
  CHECK(window.WaitForUnsent(seconds(10)));
}

TEST_CASE_METHOD(Fixture, "the sender is woken where a batch is overdue") {
  Add();
  window.NextToSend();
  window.ReplayOverdue(kNow, log);
  auto sender = std::async(std::launch::async, [&] { return window.WaitForUnsent(seconds(20)); });
  std::this_thread::sleep_for(milliseconds(50));
  window.ReplayOverdue(kNow + seconds(60), log);
  CHECK(sender.wait_for(seconds(10)) == std::future_status::ready);
  CHECK(sender.get());
  CHECK(logged ==
        std::vector<std::string>{"no acknowledgement for a long time: replayed batches=1"});
}

TEST_CASE_METHOD(Fixture, "waking the sender ends the one wait that comes next") {
  window.WakeSender();
  const auto before = Ledger::Clock::now();
  CHECK_FALSE(window.WaitForUnsent(seconds(10)));
  CHECK(Ledger::Clock::now() - before < seconds(5));
  CHECK_FALSE(window.WaitForUnsent(milliseconds(50)));
  CHECK(Ledger::Clock::now() - before >= milliseconds(50));
}

}  // namespace rk
