// Stages that read rk-run's own standard input and print to its output, and how those end that go
// last.
#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/run/supervisor.h"
#include "tests/unit/run/fake_children.h"

namespace rk {
namespace {

Unit MakeUnit(const std::string& name, Role role) {
  Unit unit;
  unit.name = name;
  unit.role = role;
  unit.processes = {{name + ".0", {"rk-" + name}}};
  return unit;
}

std::vector<Unit> ReadAndWrite() {
  return {MakeUnit("read", Role::kRead), MakeUnit("write", Role::kWrite)};
}

class World {
 public:
  explicit World(std::vector<Unit> units)
      : supervisor(std::move(units),
                   {children.starter(), [] {}, [](LogLevel, std::string_view) {}, 1}) {
    Step();
  }

  void Step() { supervisor.Step(Supervisor::Clock::time_point{std::chrono::hours(1)}); }
  // The process ends like that, and what is then told to go does.
  int StatusAfter(const std::string& name, int status) {
    children.of(name).status = status;
    for (int i = 0; i < 4; ++i) {
      Step();
      children.Obey();
    }
    Step();
    return supervisor.over() ? supervisor.status() : -1;
  }

  FakeChildren children;
  Supervisor supervisor;
};

TEST_CASE("a closed standard output ends the pipeline at once, a broken link does not") {
  auto units = ReadAndWrite();
  World linked(units);
  CHECK(linked.StatusAfter("write.0", 141) == -1);
  CHECK(linked.children.started.size() == 3);
  units[1].prints = true;
  World printing(units);
  CHECK(printing.StatusAfter("write.0", 141) == 141);
  CHECK(printing.children.started.size() == 2);
  World killed(units);
  CHECK(killed.StatusAfter("write.0", 137) == -1);
}

TEST_CASE("a reader of standard input is not started again, since what it has read is gone") {
  auto units = ReadAndWrite();
  units[0].processes[0].with_stdin = true;
  World world(units);
  CHECK(world.StatusAfter("read.0", 137) == 137);
  CHECK(world.children.started.size() == 2);
  World stopped(units);  // by someone else, in the middle of it
  stopped.children.of("read.0").lines.emplace_back("drained");
  CHECK(stopped.StatusAfter("read.0", 0) == 75);
  World ended(units);
  CHECK(ended.StatusAfter("read.0", 0) == 0);

  World reloaded(units);
  CHECK_NOTHROW(reloaded.supervisor.Reload(units));
  World changed(units);
  units[0].processes[0].argv.emplace_back("-q");
  CHECK_THROWS_WITH(changed.supervisor.Reload(units),
                    Catch::Contains("read.0 reads standard input"));
}

TEST_CASE("what a writer finds wrong with the records at the end is the pipeline's status") {
  World world(ReadAndWrite());
  world.children.of("read.0").status = 0;
  world.Step();
  CHECK(world.StatusAfter("write.0", 65) == 65);
  World cut(ReadAndWrite());  // all is acknowledged, whatever its last words were
  cut.children.of("read.0").status = 0;
  cut.Step();
  CHECK(cut.StatusAfter("write.0", 75) == 0);
}

}  // namespace
}  // namespace rk
