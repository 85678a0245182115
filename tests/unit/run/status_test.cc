#include "lib/run/status.h"

#include <unistd.h>

#include <chrono>

#include <catch2/catch.hpp>

#include "lib/observe/metrics.h"
#include "lib/observe/text_forms.h"
#include "tests/unit/run/fake_children.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Unit MakeUnit(const std::string& name, Role role, size_t processes = 1) {
  Unit unit;
  unit.name = name;
  unit.role = role;
  for (size_t i = 0; i < processes; ++i) {
    unit.processes.push_back({name + "." + std::to_string(i), {"rk-" + name}});
  }
  return unit;
}

std::vector<Unit> Units() {
  std::vector<Unit> units = {
      MakeUnit("read", Role::kRead), MakeUnit("infer-balance", Role::kBalance),
      MakeUnit("infer", Role::kMiddle, 2), MakeUnit("write-balance", Role::kBalance),
      MakeUnit("write", Role::kWrite)};
  units[2].queue = 1;
  units[4].queue = 3;
  return units;
}

// A pipeline of children that are none, looked at once a second.
class Watched {
 public:
  Watched() { supervisor.Step(now); }

  void Say(const std::string& name, const std::string& line) const {
    children.of(name).lines.push_back(line);
  }
  void Queues(size_t before_infer, size_t before_write) const {
    Say("infer-balance.0", "metrics rk_queue_records=" + std::to_string(before_infer));
    Say("write-balance.0", "metrics rk_queue_records=" + std::to_string(before_write));
  }
  PipelineStatus Look() {
    now += seconds(1);
    supervisor.Step(now);
    return tracker.Look(supervisor, now);
  }

  FakeChildren children;
  StatusTracker::Clock::time_point now{seconds(1000)};
  Supervisor supervisor{Units(), {children.starter(), [] {}, [](LogLevel, std::string_view) {}, 8}};
  StatusTracker tracker{"credit", now};
};

TEST_CASE("a pipeline is starting, then running, then draining") {
  Watched watched;
  watched.children.of("infer.0").lines.clear();
  CHECK(watched.Look().state == "starting");
  watched.Say("infer.0", "ready");
  const PipelineStatus running = watched.Look();
  CHECK(running.name == "credit");
  CHECK(running.state == "running");
  CHECK(running.uptime_s == 2);
  watched.supervisor.Drain();
  CHECK(watched.Look().state == "draining");
}

TEST_CASE("a stage of other machines is awaited, and it starts until one has joined") {
  FakeChildren children;
  std::vector<Unit> units = Units();
  units.erase(units.begin() + 2);
  units[1].elsewhere = "infer";
  units[3].queue = 2;
  StatusTracker::Clock::time_point now{seconds(1000)};
  Supervisor supervisor{std::move(units),
                        {children.starter(), [] {}, [](LogLevel, std::string_view) {}, 8}};
  StatusTracker tracker{"credit", now};
  supervisor.Step(now);
  const auto look = [&] {
    now += seconds(1);
    supervisor.Step(now);
    return tracker.Look(supervisor, now);
  };
  const PipelineStatus alone = look();
  CHECK(alone.state == "starting");
  CHECK(alone.stages[1].awaited == "infer");
  children.of("infer-balance.0").lines.emplace_back("metrics rk_fetchers=2");
  const PipelineStatus joined = look();
  CHECK(joined.state == "running");
  CHECK(joined.stages[1].awaited.empty());
  children.of("infer-balance.0").lines.emplace_back("metrics rk_fetchers=0");
  const PipelineStatus left = look();
  CHECK(left.state == "running");
  CHECK(WhyNotJoined(left) == "infer waits for a machine to join");
}

TEST_CASE("a process that another machine keeps waiting is joining, and says why") {
  Watched watched;
  watched.Say("infer.0", "waits tcp://a:1 does not answer");
  const PipelineStatus waiting = watched.Look();
  CHECK(waiting.state == "starting");
  CHECK(waiting.stages[2].processes[0].state == "joining");
  CHECK_THAT(WhyNotReady(waiting), Catch::EndsWith("infer.0: tcp://a:1 does not answer"));
  watched.Say("infer.0", "waits ");
  const PipelineStatus joined = watched.Look();
  CHECK(joined.state == "running");
  CHECK(joined.stages[2].processes[0].state == "ready");
}

TEST_CASE("each role counts by its own names") {
  Watched watched;
  watched.Say("read.0", "metrics rk_records_total=100 rk_lag_records=7");
  watched.Say("infer.0", "metrics rk_records_in_total=90 rk_failed_total=3");
  watched.Say("write.0",
              "metrics rk_records_in_total=80 rk_records_out_total=70 rk_dead_letters_total=3");
  watched.children.of("infer.0").pid = getpid();
  const PipelineStatus status = watched.Look();
  const StageStatus& read = status.stages[0];
  CHECK(read.in == 100);
  CHECK(read.out == 100);
  CHECK(read.lag_records == 7);
  CHECK_FALSE(read.has_queue);
  const StageStatus& infer = status.stages[2];
  CHECK(infer.in == 90);
  CHECK(infer.out == 90);
  CHECK(infer.failed == 3);
  CHECK(infer.replicas == 1);
  CHECK(infer.wanted == 1);
  CHECK(infer.max == 2);
  CHECK(infer.has_queue);
  CHECK(infer.rss_bytes > 1'000'000);
  const StageStatus& write = status.stages[4];
  CHECK(write.in == 80);
  CHECK(write.out == 70);
  CHECK(write.failed == 3);
}

TEST_CASE("a restart is counted, and the counts go on") {
  Watched watched;
  watched.Say("infer.0", "metrics rk_records_in_total=90");
  watched.Look();
  watched.children.of("infer.0").status = 137;
  watched.Look();
  watched.Say("infer.0", "metrics rk_records_in_total=10");
  const StageStatus infer = watched.Look().stages[2];
  CHECK(infer.restarts == 1);
  CHECK(infer.in == 100);
}

TEST_CASE("a rate is that of the last ten seconds") {
  Watched watched;
  size_t records = 0;
  PipelineStatus status;
  const auto pass = [&](int looks, size_t each) {
    for (int look = 0; look < looks; ++look) {
      records += each;
      watched.Say("write.0", "metrics rk_records_out_total=" + std::to_string(records));
      status = watched.Look();
    }
    return status.stages[4].rate;
  };
  CHECK(pass(1, 100) == 0);  // there is no earlier look
  CHECK(pass(1, 100) == 100);
  CHECK(pass(20, 50) == 50);
  CHECK(pass(5, 0) == 25);
  CHECK(pass(5, 0) == 0);
}

TEST_CASE("what waited is what waited in the last ten seconds, in the balance before a stage") {
  Watched watched;
  Metrics metrics;
  Histogram& wait = metrics.Histogram("queue_wait_seconds");
  const auto look = [&] {
    watched.Say("infer-balance.0", WireLines(metrics.Snapshot()).front());
    return watched.Look().stages[2].wait_p99_s;
  };
  look();
  wait.Observe(seconds(3), 100);
  CHECK(look() > 2);
  CHECK(look() < 5);
  for (int round = 0; round < 12; ++round) look();
  wait.Observe(milliseconds(1), 100);
  CHECK(look() <= 0.001);
}

TEST_CASE("the bottleneck is the last stage before which something waits from look to look") {
  Watched watched;
  watched.Queues(0, 0);
  CHECK(watched.Look().bottleneck.empty());
  watched.Queues(500, 0);
  CHECK(watched.Look().bottleneck.empty());  // it was empty just now
  CHECK(watched.Look().bottleneck == "infer");
  watched.Queues(500, 100);
  CHECK(watched.Look().bottleneck == "infer");
  CHECK(watched.Look().bottleneck == "write");
  watched.Queues(500, 0);
  CHECK(watched.Look().bottleneck == "infer");
  watched.Queues(0, 0);
  CHECK(watched.Look().bottleneck.empty());
}

TEST_CASE("where nothing queues the bottleneck is the stage that works all the time") {
  Watched watched;
  Metrics metrics;
  Histogram& calls = metrics.Histogram("call_seconds");
  const auto look = [&](milliseconds each_second) {
    calls.Observe(each_second);
    watched.Say("infer.0", WireLines(metrics.Snapshot()).front());
    return watched.Look();
  };
  look(milliseconds(0));
  PipelineStatus status;
  for (int second = 0; second < 12; ++second) status = look(milliseconds(500));
  CHECK(*status.stages[2].busy == Approx(0.5));
  CHECK(status.bottleneck.empty());
  for (int second = 0; second < 12; ++second) status = look(milliseconds(900));
  CHECK(status.bottleneck == "infer");
  CHECK_FALSE(status.stages[0].busy);
  CHECK_FALSE(status.stages[4].busy);
}

TEST_CASE("a stage has its processes with what they are at, and what its batches took") {
  Watched watched;
  watched.Say("infer-balance.0", "metrics rk_queue_limit_records=1000");
  Metrics metrics;
  metrics.Histogram("batch_seconds").Observe(milliseconds(105), 98);
  watched.Say("infer.0", "metrics");
  watched.Look();
  watched.Say("infer.0", WireLines(metrics.Snapshot()).front());
  const StageStatus infer = watched.Look().stages[2];
  CHECK(infer.queue_limit == 1000);
  CHECK(infer.tool == "rk-infer");
  CHECK(infer.took.p50_s == Approx(0.105).epsilon(0.1));
  REQUIRE(infer.processes.size() == 1);
  CHECK(infer.processes[0].name == "infer.0");
  CHECK(infer.processes[0].state == "ready");
  CHECK(infer.processes[0].silent_s == 0);
  watched.now += seconds(20);
  CHECK(watched.Look().stages[2].processes[0].silent_s == 21);
}

TEST_CASE("a process that died is seen to be starting again, or to wait for that") {
  Watched watched;
  const auto die = [&] {
    watched.children.silent = true;
    watched.children.of("infer.0").status = 137;
    return watched.Look().stages[2].processes;
  };
  auto processes = die();
  REQUIRE(processes.size() == 1);
  CHECK(processes[0].state == "starting");
  CHECK(processes[0].pid == 6);
  for (int death = 0; death < 10; ++death) processes = die();
  REQUIRE(processes.size() == 1);
  CHECK(processes[0].state == "waiting");
  CHECK(processes[0].pid == 0);
}

}  // namespace
}  // namespace rk
