#include "lib/stage/signals.h"

#include <atomic>
#include <thread>
#include <utility>

#include <catch2/catch.hpp>

#include "lib/stage/housekeeping.h"
#include "lib/stage/stderr_log.h"
#include "tests/unit/stage/test_child.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Log kLog = StderrLog(std::make_shared<LogOrigin>("test"), LogLevel::kDebug, LogFormat::kText);

// Signals that a thread hears, as in every tool.
struct HeardSignals : Signals {
  HeardSignals(milliseconds drain_timeout, Log log)
      : Signals(drain_timeout, std::move(log)), housekeeping(*this, nullptr, nullptr) {
    housekeeping.StartThread();
  }

  Housekeeping housekeeping;
};

void Say(const char* text) { kLog(LogLevel::kInfo, text); }

bool IsReadable(int fd, milliseconds timeout) {
  pollfd waiting = {fd, POLLIN, 0};
  return poll(&waiting, 1, static_cast<int>(timeout.count())) == 1;
}

// A stage that drains when it is told to, and otherwise ends after 5 s with 1.
int DrainWhenTold(const Signals& signals) {
  Say("ready");
  return IsReadable(signals.drain_fd(), seconds(5)) && signals.draining() ? 0 : 1;
}

// A stage that never gets done.
int NeverDone() {
  Say("ready");
  std::this_thread::sleep_for(seconds(5));
  return 1;
}

}  // namespace

TEST_CASE(
    "the first SIGTERM, SIGINT or SIGUSR1 asks for a drain, and the last tells of a successor") {
  const int signal = GENERATE(SIGTERM, SIGINT, SIGUSR1);
  TestChild child([signal] {
    const HeardSignals signals(seconds(9), kLog);
    if (signals.draining() || signals.replaced() || IsReadable(signals.drain_fd(), milliseconds(0)))
      return 2;
    const int status = DrainWhenTold(signals);
    if (signals.replaced() != (signal == SIGUSR1)) return 4;
    return IsReadable(signals.drain_fd(), milliseconds(0)) ? status : 3;
  });
  REQUIRE(child.AwaitErr("ready"));
  child.Signal(signal);
  CHECK(child.Wait() == 0);
  CHECK_THAT(child.err(), Catch::Contains(std::string("SIG") + sigabbrev_np(signal)));
}

TEST_CASE("a second signal ends the process at once, by that signal") {
  const int second = GENERATE(SIGTERM, SIGINT);
  TestChild child([] {
    const HeardSignals signals(seconds(9), kLog);
    return NeverDone();
  });
  REQUIRE(child.AwaitErr("ready"));
  child.Signal(SIGTERM);
  REQUIRE(child.AwaitErr("draining"));
  child.Signal(second);
  CHECK(child.Wait() == 128 + second);
}

TEST_CASE("what has nothing to drain ends at the first signal, also at one that has come already") {
  const bool early = GENERATE(false, true);
  TestChild child([early] {
    HeardSignals signals(seconds(9), kLog);
    if (!early) signals.EndAtOnce();
    Say("ready");
    if (early && IsReadable(signals.drain_fd(), seconds(5))) signals.EndAtOnce();
    std::this_thread::sleep_for(seconds(5));
    return 1;
  });
  REQUIRE(child.AwaitErr("ready"));
  child.Signal(SIGINT);
  CHECK(child.Wait() == 128 + SIGINT);
}

TEST_CASE("a drain that takes longer than its time-out is exit 75, and says so") {
  TestChild child([] {
    const HeardSignals signals(milliseconds(200), kLog);
    return NeverDone();
  });
  REQUIRE(child.AwaitErr("ready"));
  const auto start = std::chrono::steady_clock::now();
  child.Signal(SIGTERM);
  CHECK(child.Wait() == 75);
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(took >= milliseconds(190));
  CHECK(took < seconds(3));
  CHECK_THAT(child.err(), Catch::Contains("error: drain timed out"));
}

TEST_CASE("SIGHUP ends a process that has nothing to reload") {
  TestChild child([] {
    const HeardSignals signals(seconds(9), kLog);
    return NeverDone();
  });
  REQUIRE(child.AwaitErr("ready"));
  child.Signal(SIGHUP);
  CHECK(child.Wait() == 128 + SIGHUP);
}

TEST_CASE("SIGHUP reloads as often as it comes, also after a reload that failed") {
  TestChild child([] {
    HeardSignals signals(seconds(9), kLog);
    std::atomic<int> reloads = 0;
    signals.OnReload([&reloads] {
      Say(("reload " + std::to_string(++reloads)).c_str());
      if (reloads == 1) throw std::runtime_error("no such model");
    });
    return DrainWhenTold(signals) + (reloads == 2 ? 0 : 10);
  });
  REQUIRE(child.AwaitErr("ready"));
  child.Signal(SIGHUP);
  REQUIRE(child.AwaitErr("no such model"));
  child.Signal(SIGHUP);
  REQUIRE(child.AwaitErr("reload 2"));
  child.Signal(SIGTERM);
  CHECK(child.Wait() == 0);
}

TEST_CASE("a signal that comes as the work ends does not change how it ends") {
  const int signal = GENERATE(SIGHUP, SIGTERM);
  TestChild child([signal] {
    for (int round = 0; round < 300; ++round) {
      HeardSignals signals(seconds(9), [](LogLevel, std::string_view) {});
      signals.OnReload([] {});
      kill(getpid(), signal);
    }
    return 0;
  });
  CHECK(child.Wait() == 0);
}

TEST_CASE("a signal that was ignored at the start stays ignored") {
  const int signal = GENERATE(SIGHUP, SIGINT);
  TestChild child([signal] {
    std::signal(signal, SIG_IGN);
    const HeardSignals signals(seconds(9), kLog);
    raise(signal);
    return DrainWhenTold(signals);
  });
  REQUIRE(child.AwaitErr("ready"));
  child.Signal(signal);
  child.Signal(SIGTERM);
  CHECK(child.Wait() == 0);
  CHECK_THAT(child.err(), Catch::Contains("SIGTERM") && !Catch::Contains("SIGINT"));
}

TEST_CASE("writing to a closed pipe is an error, not a death") {
  TestChild child([] {
    const HeardSignals signals(seconds(9), kLog);
    TestPipe pipe;
    pipe.CloseIn();
    return write(pipe.out(), "x", 1) == -1 && errno == EPIPE ? 0 : 1;
  });
  CHECK(child.Wait() == 0);
}

TEST_CASE("once the signals are done with, they do again what they did before") {
  TestChild child([] {
    { const HeardSignals signals(seconds(9), kLog); }
    return NeverDone();
  });
  REQUIRE(child.AwaitErr("ready"));
  child.Signal(SIGTERM);
  CHECK(child.Wait() == 128 + SIGTERM);
}

}  // namespace rk
