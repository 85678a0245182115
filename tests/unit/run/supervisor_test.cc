#include "lib/run/supervisor.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "tests/unit/run/fake_children.h"

namespace rk {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

Unit MakeUnit(const std::string& name, Role role, size_t processes = 1, size_t start = 1) {
  Unit unit;
  unit.name = name;
  unit.role = role;
  for (size_t i = 0; i < processes; ++i) {
    unit.processes.push_back({name + "." + std::to_string(i), {"rk-" + name, "-v1"}});
  }
  unit.start = start;
  unit.min = start;
  unit.exclusive = role == Role::kRead || role == Role::kBalance;
  return unit;
}

// read, a balance, `models` of at most `most` rk-infer, write.
std::vector<Unit> Pipeline(size_t models = 1, size_t most = 1) {
  std::vector<Unit> units{MakeUnit("read", Role::kRead), MakeUnit("balance", Role::kBalance),
                          MakeUnit("infer", Role::kMiddle, most, models),
                          MakeUnit("write", Role::kWrite)};
  units[2].queue = 1;
  units[2].scale_up_above = 200;
  units[2].scale_down_below = 20;
  return units;
}

class World {
 public:
  explicit World(std::vector<Unit> units, double cpus = 100)
      : supervisor(
            std::move(units),
            {children.starter(), [this] { ++replays; },
             [this](LogLevel, std::string_view text) { log.append(text).append("\n"); }, cpus}) {
    Step();
    Step();  // the first starts them, the second hears that they are ready
  }

  void Step(std::chrono::milliseconds later = 0ms) {
    now += later;
    supervisor.Step(now);
  }
  // All that are told to go do, until nobody is left to be told.
  void RunDown() {
    for (int i = 0; i < 4; ++i) {
      Step();
      children.Obey();
    }
    Step();
  }
  // `seconds` of looks, a second apart, at a queue of so many records.
  void Wait(int seconds, size_t queue) {
    for (int i = 0; i < seconds; ++i) {
      children.of("balance.0").lines.push_back("metrics rk_queue_records=" + std::to_string(queue));
      Step(1s);
    }
  }
  bool Said(const std::string& text) const { return log.find(text) != std::string::npos; }
  size_t models() const { return supervisor.units()[2].wanted(); }

  FakeChildren children;
  int replays = 0;
  std::string log;
  Supervisor::Clock::time_point now{1h};
  Supervisor supervisor;
};

std::vector<Unit> WithModels(std::vector<Unit> units, const std::string& version) {
  for (ProcessSpec& process : units[2].processes) process.argv.back() = version;
  return units;
}

TEST_CASE("a pipeline is ready when every process has said so") {
  World world(Pipeline(2, 2));
  CHECK(world.supervisor.was_ready());
  CHECK(world.children.started.size() == 5);

  FakeChildren silent;
  silent.silent = true;
  Supervisor supervisor(Pipeline(),
                        {silent.starter(), [] {}, [](LogLevel, std::string_view) {}, 1});
  supervisor.Step({});
  for (const char* name : {"read.0", "balance.0", "infer.0"})
    silent.of(name).lines.emplace_back("ready");
  supervisor.Step({});
  CHECK_FALSE(supervisor.was_ready());
  silent.of("write.0").lines.emplace_back("ready");
  supervisor.Step({});
  CHECK(supervisor.was_ready());
}

TEST_CASE("a process that dies is started again at once, and what is in flight is asked for") {
  World world(Pipeline(2, 2));
  world.children.of("infer.1").status = 128 + SIGKILL;
  world.Step();
  CHECK(world.children.of("infer.1").runs());
  CHECK(world.children.running() == 5);
  CHECK(world.replays == 1);
  CHECK(world.Said("died stage=infer.1 status=137 signal=SIGKILL"));
  CHECK(world.supervisor.units()[2].restarts() == 1);
  CHECK(world.children.of("infer.0").signals.empty());
}

TEST_CASE(
    "from the eleventh death in a minute on there are pauses, and the twenty-first is the last") {
  World world(Pipeline());
  const auto die = [&] {
    world.children.of("infer.0").status = 128 + SIGSEGV;
    world.Step();
  };
  for (int i = 0; i < 10; ++i) die();
  CHECK(world.children.running() == 4);
  die();
  CHECK(world.children.running() == 3);
  CHECK(world.supervisor.next_due(world.now) == world.now + 100ms);
  world.Step(100ms);
  CHECK(world.children.running() == 4);
  for (int i = 11; i < 20; ++i) {
    die();
    while (world.children.running() < 4) world.Step(100ms);
  }
  world.children.of("infer.0").status = 128 + SIGSEGV;
  world.Step();
  INFO(world.log);
  CHECK(world.supervisor.draining());
  CHECK(world.Said("too often"));
  world.children.Obey();
  world.Step();
  CHECK(world.supervisor.over());
  CHECK(world.supervisor.status() == 128 + SIGSEGV);
}

TEST_CASE("a status that will not get better ends the pipeline with it") {
  World world(Pipeline());
  world.children.of("write.0").status = 77;
  world.Step();
  CHECK(world.children.told_to_go() == Names{"read.0", "balance.0", "infer.0"});
  CHECK_FALSE(world.supervisor.over());
  world.Step(1s);
  world.children.of("read.0").status = 0;
  world.Step(1s);  // the others do not go by themselves
  CHECK(world.children.of("infer.0").signals == std::vector<int>{SIGTERM, SIGKILL});
  for (const char* name : {"balance.0", "infer.0"}) world.children.of(name).status = 137;
  world.Step();
  CHECK(world.supervisor.over());
  CHECK(world.supervisor.status() == 77);
}

TEST_CASE(
    "a drain goes from the readers to the stages behind them, the last first, then balances") {
  World world(Pipeline());
  world.supervisor.Drain();
  world.Step();
  CHECK(world.children.told_to_go() == Names{"read.0"});
  world.children.Obey();
  world.Step();
  CHECK(world.children.told_to_go() == Names{"read.0", "write.0"});
  world.children.Obey();
  world.Step();
  CHECK(world.children.told_to_go() == Names{"read.0", "infer.0", "write.0"});
  world.children.Obey();
  world.Step();
  world.children.Obey();
  world.Step();
  CHECK(world.supervisor.over());
  CHECK(world.supervisor.status() == 0);
  CHECK(world.replays == 0);
}

TEST_CASE("a model that dies while the readers drain is started again, for what they still hold") {
  World world(Pipeline());
  world.supervisor.Drain();
  world.children.of("infer.0").status = 137;
  world.Step();
  CHECK(world.children.of("infer.0").runs());
  CHECK(world.replays == 1);
}

TEST_CASE("the pauses of what dies again and again hold while the readers drain too") {
  World world(Pipeline());
  world.supervisor.Drain();
  const auto die = [&] {
    world.children.of("infer.0").status = 75;
    world.Step();
  };
  for (int i = 0; i < 11; ++i) die();
  const size_t started = world.children.started.size();
  CHECK_FALSE(world.children.of("infer.0").runs());
  for (int i = 0; i < 9; ++i) world.Step(10ms);
  CHECK(world.children.started.size() == started);
  world.Step(10ms);
  CHECK(world.children.started.size() == started + 1);
}

TEST_CASE("what is told to stop by others than rk-run starts again, though it ends with 0") {
  const std::string name = GENERATE("read.0", "infer.0", "write.0");
  World world(Pipeline());
  FakeChild& first = world.children.of(name);
  first.lines.emplace_back("drained");
  first.status = 0;
  world.Step();
  CHECK(world.children.of(name).runs());
  CHECK(world.children.of(name).pid != first.pid);
  CHECK_FALSE(world.supervisor.draining());
  CHECK(world.Said("told to stop, but not by rk-run, stage=" + name));
  CHECK(world.replays == 1);
}

TEST_CASE("a start that is not the first has the words for that, and is not stale for it") {
  auto units = Pipeline();
  units[0].again = {"--resume"};
  World world(units);
  const std::vector<std::string> first{"rk-read", "-v1"};
  CHECK(world.children.of("read.0").spec.argv == first);
  world.children.of("read.0").status = 137;
  world.Step();
  CHECK(world.children.of("read.0").spec.argv ==
        std::vector<std::string>{"rk-read", "-v1", "--resume"});
  const size_t before = world.children.started.size();
  world.supervisor.Reload(units);
  for (int i = 0; i < 3; ++i) world.Step(1s);
  CHECK(world.children.started.size() == before);
  // Its successor under another command goes on where the group is too.
  units[0].processes[0].argv.back() = "-v2";
  world.supervisor.Reload(units);
  world.Step();
  world.children.of("read.0").status = 0;  // the check of the new command
  for (int i = 0; i < 3; ++i) {
    world.Step(1s);
    world.children.Obey();
  }
  world.Step();
  CHECK(world.children.of("read.0").spec.argv ==
        std::vector<std::string>{"rk-read", "-v2", "--resume"});
}

TEST_CASE("a reader that is replaced stays in its group, one that is stopped leaves it") {
  auto units = Pipeline();
  World world(units);
  units[0].processes[0].argv.back() = "-v2";
  world.supervisor.Reload(units);
  FakeChild& first = *world.children.started[0];
  REQUIRE(first.spec.name == "read.0");
  world.Step();
  world.children.of("read.0").status = 0;  // the check of the new command
  for (int i = 0; i < 3 && first.signals.empty(); ++i) world.Step(1s);
  CHECK(first.signals == std::vector<int>{SIGUSR1});
  world.children.Obey();
  world.Step();
  world.supervisor.Drain();
  world.Step();
  CHECK(world.children.of("read.0").signals == std::vector<int>{SIGTERM});
}

TEST_CASE("once the readers have gone nothing that dies is started again") {
  World world(Pipeline());
  world.supervisor.Drain();
  world.children.of("read.0").status = 0;
  world.Step();
  const size_t before = world.children.started.size();
  for (int i = 0; i < 50; ++i) {
    world.children.of("balance.0").status = 74;
    world.Step();
  }
  CHECK(world.children.started.size() == before);
  world.RunDown();
  CHECK(world.supervisor.over());
}

TEST_CASE("a reader that could not drain gives the pipeline its status") {
  World world(Pipeline());
  world.supervisor.Drain();
  world.children.of("read.0").status = 75;
  world.RunDown();
  CHECK(world.supervisor.over());
  CHECK(world.supervisor.status() == 75);
}

TEST_CASE("when the readers have come to their end the pipeline has too") {
  auto units = Pipeline();
  units[0] = MakeUnit("read", Role::kRead, 2, 2);
  World world(units);
  world.children.of("read.0").status = 0;
  world.Step();
  CHECK_FALSE(world.supervisor.draining());
  world.children.of("read.1").status = 0;
  world.RunDown();
  CHECK(world.supervisor.over());
  CHECK(world.supervisor.status() == 0);
}

TEST_CASE("a stage whose readers are on another machine runs until it is told to stop") {
  World world({MakeUnit("infer", Role::kMiddle, 2, 2)});
  for (int i = 0; i < 10; ++i) world.Step(1s);
  CHECK_FALSE(world.supervisor.draining());
  CHECK(world.children.running() == 2);
  world.supervisor.Drain();
  world.RunDown();
  CHECK(world.supervisor.over());
  CHECK(world.supervisor.status() == 0);
}

TEST_CASE("replicas go up one at a time while the queue is long, and never over the most") {
  auto units = Pipeline(1, 3);
  units[2].min = 1;
  World world(units);
  world.Wait(5, 0);
  world.Wait(5, 500);
  CHECK(world.models() == 2);
  world.Wait(5, 500);
  CHECK(world.models() == 3);
  world.Wait(20, 500);
  CHECK(world.models() == 3);
  CHECK(world.Said("scaling up stage=infer replicas=2 before=1 queue=500"));
}

TEST_CASE("a queue that is long only now and then changes nothing") {
  auto units = Pipeline(1, 3);
  units[2].min = 1;
  World world(units);
  for (int i = 0; i < 10; ++i) {
    world.Wait(4, 500);
    world.Wait(1, 0);
  }
  CHECK(world.models() == 1);
}

TEST_CASE("replicas go down one at a time when the queue has been short for three decisions") {
  auto units = Pipeline(1, 3);
  units[2].min = 1;
  World world(units);
  world.Wait(5, 0);
  world.Wait(10, 500);
  REQUIRE(world.models() == 3);
  world.Wait(14, 0);
  CHECK(world.models() == 3);
  world.Wait(2, 0);
  CHECK(world.models() == 2);
  CHECK(world.children.told_to_go() == Names{"infer.2"});
  CHECK(world.children.of("infer.2").runs());  // it finishes what it holds
  world.children.Obey();
  world.Wait(30, 0);
  CHECK(world.models() == 1);
  CHECK(world.replays == 0);
  CHECK_FALSE(world.Said("died"));
}

TEST_CASE("what a replica counts for in CPUs has an end") {
  auto units = Pipeline(1, 10);
  units[2].min = 1;
  units[2].cpus = 1.5;
  World world(units, 4);
  world.Wait(60, 500);
  CHECK(world.models() == 2);
  units[2].cpus = 0;
  World free(units, 4);
  free.Wait(60, 500);
  CHECK(free.models() == 10);
}

TEST_CASE("a change is made only if all new commands could start") {
  World world(Pipeline(2, 2));
  world.supervisor.Reload(WithModels(Pipeline(2, 2), "-v2"));
  CHECK(world.children.started.back()->spec.argv == Names{"rk-infer", "-v2", "--check"});
  CHECK(world.children.started.size() == 6);  // the two are the same command
  world.children.started.back()->status = 66;
  world.Step();
  CHECK(world.Said("nothing changed: infer.0 could not start status=66"));
  world.Step(10s);
  CHECK(world.children.told_to_go().empty());
  CHECK(world.children.started.size() == 6);
}

TEST_CASE("a change replaces one process at a time, each by one that is ready") {
  World world(Pipeline(2, 2));
  world.supervisor.Reload(WithModels(Pipeline(2, 2), "-v2"));
  CHECK_THROWS_WITH(world.supervisor.Reload(Pipeline(2, 2)), Catch::Contains("still in progress"));
  world.children.silent = true;
  world.children.started.back()->status = 0;
  world.Step();
  REQUIRE(world.children.of("infer.0").spec.argv.back() == "-v2");
  world.Step(1s);
  CHECK(world.children.told_to_go().empty());
  world.children.of("infer.0").lines.emplace_back("ready");
  world.Step();
  CHECK(world.children.told_to_go() == Names{"infer.0"});
  CHECK(world.children.of("infer.1").spec.argv.back() == "-v1");
  world.children.Obey();
  world.Step();
  CHECK(world.children.of("infer.1").spec.argv.back() == "-v2");
  world.children.of("infer.1").lines.emplace_back("ready");
  world.Step();
  world.children.Obey();
  world.Step();
  CHECK(world.Said("applied the changes of the file"));
  CHECK(world.replays == 0);
  CHECK(world.children.running() == 5);
}

TEST_CASE("a new process that dies before it is ready leaves the old one at work") {
  World world(Pipeline());
  world.supervisor.Reload(WithModels(Pipeline(), "-v2"));
  world.children.silent = true;
  world.children.started.back()->status = 0;
  world.Step();
  world.children.of("infer.0").status = 75;
  world.Step();
  world.Step(5s);
  CHECK(world.Said(
      "the new infer.0 died before it was ready; the old one stays in service status=75"));
  CHECK(world.Said("applied the changes of the file, but not to infer.0"));
  CHECK(world.children.told_to_go().empty());
  CHECK(world.children.running() == 4);
  CHECK_FALSE(world.supervisor.draining());
}

TEST_CASE("what binds or reads goes before its successor comes") {
  World world(Pipeline());
  auto units = Pipeline();
  units[0].processes[0].argv.back() = "-v2";
  world.supervisor.Reload(units);
  world.children.started.back()->status = 0;
  world.Step();
  CHECK(world.children.told_to_go() == Names{"read.0"});
  CHECK(world.children.started.back()->spec.argv.back() == "--check");
  world.children.Obey();
  world.Step();
  CHECK(world.children.of("read.0").spec.argv.back() == "-v2");
}

TEST_CASE("models that stay are loaded again when the file is read again, and nothing else is") {
  auto units = Pipeline(2, 2);
  units[2].reloads = true;
  World world(units);
  world.supervisor.Reload(units);
  world.Step();
  for (const char* name : {"infer.0", "infer.1"}) {
    CHECK(world.children.of(name).signals == std::vector<int>{SIGHUP});
  }
  for (const char* name : {"read.0", "balance.0", "write.0"}) {
    CHECK(world.children.of(name).signals.empty());
  }
  CHECK(world.Said("the file changes no stage: loading models again stages=infer\n"));
  auto changed = WithModels(units, "-v2");
  world.supervisor.Reload(changed);
  world.children.started.back()->status = 0;
  world.Step();
  CHECK(world.children.started[2]->signals == std::vector<int>{SIGHUP});  // it is to be replaced
}

TEST_CASE("a file that changes nothing is not said to be applied") {
  World world(Pipeline());
  world.supervisor.Reload(Pipeline());
  for (int i = 0; i < 3; ++i) world.Step(1s);
  CHECK(world.Said("the file changes no stage\n"));
  CHECK_FALSE(world.Said("applied"));
  auto units = Pipeline();
  units[2].scale_up_above = 300;
  world.supervisor.Reload(units);
  for (int i = 0; i < 3; ++i) world.Step(1s);
  CHECK(world.Said("applied the changes of the file\n"));
}

TEST_CASE("where a stage starts is not changed while it runs, and that is said") {
  auto units = Pipeline(1, 4);
  World world(units);
  units[2].start = 3;
  world.supervisor.Reload(units);
  world.Step();
  CHECK(world.Said("replicas is for the start alone: not applied stage=infer replicas=1\n"));
  CHECK_FALSE(world.Said("applied the changes"));
  units[2].start = units[2].min = 2;  // these are brought about
  world.supervisor.Reload(units);
  for (int i = 0; i < 3; ++i) world.Step(1s);
  CHECK(world.supervisor.units()[2].wanted() == 2);
  CHECK(world.Said("applied the changes of the file\n"));
  CHECK_FALSE(world.Said("replicas=2\n"));
}

TEST_CASE("another set of stages takes a restart") {
  World world(Pipeline());
  auto units = Pipeline();
  units.erase(units.begin() + 1);
  CHECK_THROWS_WITH(world.supervisor.Reload(units), Catch::Contains("requires a restart"));
}

TEST_CASE("what a dead process has counted stays in the sum, its queue does not") {
  World world(Pipeline(2, 2));
  world.children.of("infer.0").lines.emplace_back(
      "metrics rk_records_in_total=70 rk_queue_records=5");
  world.children.of("infer.1").lines.emplace_back(
      "metrics rk_records_in_total=7 rk_queue_records=3");
  world.Step();
  world.children.of("infer.0").status = 137;
  world.children.of("infer.0").lines.emplace_back(
      "metrics rk_records_in_total=75 rk_queue_records=9");
  world.Step();
  const MetricsSnapshot metrics = world.supervisor.units()[2].metrics();
  CHECK(metrics.number("records_in") == 82);
  CHECK(metrics.number("queue_records") == 3);
}

TEST_CASE("a program that is not there ends the pipeline") {
  Supervisor supervisor(Pipeline(), {[](const ProcessSpec&) -> std::unique_ptr<Child> {
                                       throw Error(ErrorKind::kMissing,
                                                   "there is no program rk-read");
                                     },
                                     [] {}, [](LogLevel, std::string_view) {}, 1});
  supervisor.Step({});
  supervisor.Step({});
  CHECK(supervisor.over());
  CHECK(supervisor.status() == 66);
}

}  // namespace
}  // namespace rk
