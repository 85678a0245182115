#include "lib/run/replicas.h"

#include <catch2/catch.hpp>

#include "tests/unit/run/fake_children.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Names = std::vector<std::string>;

const Replicas::Clock::time_point kNow{seconds(1000)};

void Ignore(LogLevel, std::string_view) {}

Unit MakeUnit(size_t processes, size_t start, const std::string& version = "-v1") {
  Unit unit;
  unit.name = "infer";
  for (size_t i = 0; i < processes; ++i) {
    unit.processes.push_back({"infer." + std::to_string(i), {"rk-infer", version}});
  }
  unit.start = unit.min = start;
  return unit;
}

Names Running(const FakeChildren& children) {
  Names names;
  for (const auto& child : children.started) {
    if (child->runs()) names.push_back(child->spec.name);
  }
  return names;
}

TEST_CASE("places are filled once, and what says that it is ready makes the unit ready") {
  FakeChildren children;
  children.silent = true;
  Replicas replicas(MakeUnit(3, 2), children.starter(), Ignore);
  CHECK_FALSE(replicas.ready());
  for (int round = 0; round < 2; ++round) replicas.Start(kNow);
  CHECK(Running(children) == Names{"infer.0", "infer.1"});
  REQUIRE(replicas.processes(kNow).size() == 2);
  CHECK(replicas.processes(kNow)[1].pid == 2);
  CHECK(replicas.processes(kNow)[1].state == "starting");
  children.of("infer.0").lines.emplace_back("ready");
  CHECK(replicas.Look(kNow).empty());
  CHECK_FALSE(replicas.ready());
  children.of("infer.1").lines.emplace_back("ready");
  replicas.Look(kNow);
  CHECK(replicas.ready());
  CHECK_FALSE(replicas.moving());
}

TEST_CASE("a place that has to wait is filled when it is due, and no sooner") {
  FakeChildren children;
  Replicas replicas(MakeUnit(1, 1), children.starter(), Ignore);
  replicas.Start(kNow);
  for (int death = 1; death <= 11; ++death) {
    children.of("infer.0").status = 75;
    const auto exits = replicas.Look(kNow);
    REQUIRE(exits.size() == 1);
    CHECK(exits[0].status == 75);
    CHECK_FALSE(exits[0].asked);
    REQUIRE(replicas.Restart(0, kNow));
    if (death < 11) replicas.Start(kNow);
  }
  CHECK(replicas.restarts() == 11);
  CHECK(replicas.next_due() == kNow + milliseconds(100));
  replicas.Start(kNow + milliseconds(99));
  CHECK(replicas.running() == 0);
  replicas.Start(kNow + milliseconds(100));
  CHECK(replicas.running() == 1);
  CHECK(replicas.next_due() == std::nullopt);
}

TEST_CASE("places are filled from the front and emptied from the end, and who goes may take time") {
  FakeChildren children;
  Replicas replicas(MakeUnit(3, 1), children.starter(), Ignore);
  replicas.Start(kNow);
  replicas.Scale(3);
  CHECK(replicas.moving());
  replicas.Start(kNow);
  replicas.Look(kNow);
  CHECK(Running(children) == Names{"infer.0", "infer.1", "infer.2"});
  CHECK_FALSE(replicas.moving());

  replicas.Scale(2);
  CHECK(children.told_to_go() == Names{"infer.2"});
  replicas.Look(kNow);
  CHECK(replicas.wanted() == 2);
  CHECK(replicas.running() == 3);
  CHECK(replicas.moving());
  children.Obey();
  const auto exits = replicas.Look(kNow);
  REQUIRE(exits.size() == 1);
  CHECK(exits[0].name == "infer.2");
  CHECK(exits[0].asked);
  CHECK(replicas.running() == 2);
  CHECK_FALSE(replicas.moving());
}

TEST_CASE("who starts when another is ready already has the words for one that joins") {
  FakeChildren children;
  children.silent = true;
  Unit unit = MakeUnit(3, 2);
  unit.again = {"--resume"};
  Replicas replicas(unit, children.starter(), Ignore);
  replicas.Start(kNow);
  CHECK(children.of("infer.1").spec.argv == Names{"rk-infer", "-v1"});
  children.of("infer.0").lines.emplace_back("ready");
  replicas.Look(kNow);
  replicas.Scale(3);
  replicas.Start(kNow);
  CHECK(children.of("infer.2").spec.argv == Names{"rk-infer", "-v1", "--resume"});
}

TEST_CASE("one that came to its own end is not started again") {
  FakeChildren children;
  Replicas replicas(MakeUnit(2, 2), children.starter(), Ignore);
  replicas.Start(kNow);
  for (size_t place = 0; place < 2; ++place) {
    CHECK_FALSE(replicas.finished());
    children.of("infer." + std::to_string(place)).status = 0;
    replicas.Look(kNow);
    replicas.Finish(place);
  }
  CHECK(replicas.finished());
  CHECK(replicas.ready());
  CHECK(replicas.next_due() == std::nullopt);
  replicas.Start(kNow);
  CHECK(children.started.size() == 2);
}

TEST_CASE("while what is exclusive is on its way out, its place is not due") {
  FakeChildren children;
  Unit unit = MakeUnit(1, 1);
  unit.exclusive = true;
  Replicas replicas(unit, children.starter(), Ignore);
  replicas.Start(kNow);
  replicas.Look(kNow);
  Unit changed = MakeUnit(1, 1, "-v2");
  changed.exclusive = true;
  replicas.Become(changed);
  REQUIRE(replicas.Roll(kNow));
  replicas.Start(kNow);
  CHECK(children.started.size() == 1);
  // Else the supervisor would not sleep until it is gone.
  CHECK(replicas.next_due() == std::nullopt);
  children.Obey();
  replicas.Look(kNow);
  CHECK(replicas.next_due());
  replicas.Start(kNow);
  CHECK(children.of("infer.0").spec.argv.back() == "-v2");
}

TEST_CASE("what died as a successor is not tried again until there is another change") {
  FakeChildren children;
  Replicas replicas(MakeUnit(1, 1), children.starter(), Ignore);
  replicas.Start(kNow);
  replicas.Look(kNow);
  for (const char* version : {"-v2", "-v3"}) {
    replicas.Become(MakeUnit(1, 1, version));
    REQUIRE(replicas.Roll(kNow));
    children.of("infer.0").status = 78;
    CHECK(replicas.Look(kNow).empty());
    CHECK(replicas.ready());
    CHECK_FALSE(replicas.Roll(kNow));
  }
  CHECK(children.started.front()->runs());
}

TEST_CASE("another number of replicas is there at once") {
  FakeChildren children;
  Replicas replicas(MakeUnit(2, 2), children.starter(), Ignore);
  replicas.Start(kNow);
  replicas.Become(MakeUnit(4, 4));
  replicas.Start(kNow);
  CHECK(replicas.running() == 4);
  replicas.Become(MakeUnit(1, 1));
  children.Obey();
  replicas.Look(kNow);
  CHECK(Running(children) == Names{"infer.0"});
}

}  // namespace
}  // namespace rk
