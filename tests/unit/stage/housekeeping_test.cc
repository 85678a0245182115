#include "lib/stage/housekeeping.h"

#include <filesystem>
#include <functional>
#include <thread>

#include <catch2/catch.hpp>

#include "lib/stage/stderr_log.h"
#include "tests/unit/stage/test_child.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Log kLog = StderrLog(std::make_shared<LogOrigin>("test"), LogLevel::kDebug, LogFormat::kText);

size_t ThreadsOfThisProcess() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(threads), end(threads)));
}

// Keeps house on the calling thread until a drain is asked for; false after 5 s without one.
bool KeepHouseUntilDrain(Signals& signals, Housekeeping& housekeeping) {
  const auto deadline = Signals::Clock::now() + seconds(5);
  while (!signals.draining() && Signals::Clock::now() < deadline) {
    pollfd due = {housekeeping.fd(), POLLIN, 0};
    if (poll(&due, 1, 5000) == 1) housekeeping.OnReadable();
  }
  return signals.draining();
}

/// The exit status of a stage that is told to end, has 200 ms for it, and does `after_drain`
/// instead.
int StatusOfStageThatStays(const std::function<void(Housekeeping&)>& after_drain) {
  TestChild child([&] {
    Signals signals(milliseconds(200), kLog);
    Housekeeping housekeeping(signals, nullptr, nullptr);
    kLog(LogLevel::kInfo, "ready");
    if (!KeepHouseUntilDrain(signals, housekeeping)) return 1;
    after_drain(housekeeping);
    return 2;
  });
  REQUIRE(child.AwaitErr("ready"));
  child.Signal(SIGTERM);
  return child.Wait();
}

}  // namespace

TEST_CASE("a loop that keeps house itself needs no thread for signals, reports and status") {
  TestPipe status_lines;
  TestChild child([&] {
    const auto threads = ThreadsOfThisProcess();  // a sanitizer may have one of its own
    const auto now = Signals::Clock::now();
    Signals signals(seconds(9), kLog);
    Metrics metrics;
    metrics.Counter("records_in").Add(1);
    Reports reports(metrics, milliseconds(100), kLog, now);
    StatusPipe status(status_lines.out(), metrics, now);
    Housekeeping housekeeping(signals, &reports, &status);
    kLog(LogLevel::kInfo, "ready");
    if (!KeepHouseUntilDrain(signals, housekeeping)) return 1;
    return ThreadsOfThisProcess() == threads ? 0 : 2;
  });
  REQUIRE(child.AwaitErr("ready"));
  REQUIRE(child.AwaitErr("report records_in=1"));
  pollfd told = {status_lines.in(), POLLIN, 0};
  CHECK(poll(&told, 1, 5000) == 1);
  child.Signal(SIGTERM);
  CHECK(child.Wait() == 0);
}

TEST_CASE("what a link waits for is told at once, again with the metrics, and once it is over") {
  TestPipe lines;
  const auto now = StatusPipe::Clock::now();
  const Metrics metrics;
  StatusPipe status(lines.out(), metrics, now);
  const auto told = [&] {
    std::string text(4096, '\0');
    pollfd there = {lines.in(), POLLIN, 0};
    if (poll(&there, 1, 0) != 1) return std::string();
    text.resize(static_cast<size_t>(read(lines.in(), text.data(), text.size())));
    return text;
  };
  status.OnTick(now + seconds(1));
  CHECK_THAT(told(), !Catch::Contains("waits"));
  status.Waits("--in", "tcp://a:1 is\nnot there");
  status.Waits("--out", "");
  CHECK(told() == "waits tcp://a:1 is not there\nwaits tcp://a:1 is not there\n");
  status.OnTick(now + seconds(2));
  CHECK_THAT(told(), Catch::Contains("waits tcp://a:1 is not there\n"));
  status.Waits("--in", "");
  CHECK(told() == "waits \n");
}

TEST_CASE("a loop without a thread ends too when the drain time-out runs out") {
  CHECK(StatusOfStageThatStays([](Housekeeping& housekeeping) {
          pollfd due = {housekeeping.fd(), POLLIN, 0};
          if (poll(&due, 1, 5000) == 1) housekeeping.OnReadable();
        }) == 75);
}

TEST_CASE("a thread takes over from the loop where that is about to block") {
  CHECK(StatusOfStageThatStays([](Housekeeping& housekeeping) {
          housekeeping.StartThread();
          housekeeping.StartThread();
          std::this_thread::sleep_for(seconds(5));
        }) == 75);
}

}  // namespace rk
