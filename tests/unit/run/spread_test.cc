#include "lib/run/spread.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/run/wiring.h"
#include "tests/unit/link/test_keys.h"
#include "tests/unit/run/fake_tools.h"

namespace rk {
namespace {

using Words = std::vector<std::string>;

StageSpec Stage(const std::string& name, Words argv, Hosts hosts = Hosts::kHere) {
  StageSpec stage;
  stage.name = name;
  stage.argv = std::move(argv);
  stage.hosts = hosts;
  stage.where = "credit.toml:3: " + name;
  return Resolved(stage);
}

Pipeline Credit(Hosts clean, Hosts infer) {
  Pipeline pipeline{"credit", 8, {}};
  pipeline.stages = {
      Stage("read", {"rk-read", "-t", "in"}), Stage("clean", {"rk-map", "--stamp"}, clean),
      Stage("infer", {"rk-infer", "-m", "m.pt"}, infer), Stage("write", {"rk-write", "-t", "out"})};
  return pipeline;
}

std::string Option(const Unit& unit, std::string_view name) {
  const Words& argv = unit.processes.at(0).argv;
  const auto found = std::ranges::find(argv, name);
  return found == argv.end() ? "" : *std::next(found);
}

Words NamesOf(const std::vector<Unit>& units) {
  Words names;
  for (const Unit& unit : units) names.push_back(unit.name);
  return names;
}

}  // namespace

TEST_CASE("a stage that others run has its queues on two ports of the machine with the ends") {
  Pipeline pipeline = Credit(Hosts::kHere, Hosts::kOthers);
  pipeline.spread.listen = "tcp://10.0.0.1:7000";
  pipeline.spread.keys = "/etc/rk/keys";
  const auto units = Wire(pipeline, "/run/credit", 1, "host");
  REQUIRE(NamesOf(units) == Words{"read", "clean", "infer-balance", "write-balance", "write"});
  CHECK(Option(units[1], "--out") == "ipc:///run/credit/infer.in");
  CHECK(Option(units[1], "--keys").empty());
  CHECK(Option(units[2], "--in") == "@ipc:///run/credit/infer.in");
  CHECK(Option(units[2], "--out") == "@tcp://10.0.0.1:7000/infer");
  CHECK(Option(units[2], "--keys") == "/etc/rk/keys");
  CHECK(Option(units[3], "--in") == "@tcp://10.0.0.1:7001/infer");
  CHECK(Option(units[3], "--out") == "@ipc:///run/credit/write.out");
  CHECK(Option(units[4], "--in") == "ipc:///run/credit/write.out");
  CHECK(units[4].queue == 3);
  CHECK(units[2].elsewhere == "infer");
  CHECK(units[3].elsewhere.empty());
}

TEST_CASE("a machine that joins runs the one stage, between the same ports, and any number do") {
  Pipeline pipeline = Credit(Hosts::kOthers, Hosts::kAny);
  pipeline.spread = {"", "tcp://10.0.0.1:7000", "infer", 0, "/etc/rk/keys"};
  KeepJoined(pipeline);
  const auto units = Wire(pipeline, "/run/credit", 1, "host");
  REQUIRE(NamesOf(units) == Words{"infer"});
  CHECK(Option(units[0], "--in") == "tcp://10.0.0.1:7002/infer");
  CHECK(Option(units[0], "--out") == "tcp://10.0.0.1:7003/infer");
  CHECK(Option(units[0], "--keys") == "/etc/rk/keys");
  CHECK_FALSE(units[0].exclusive);
}

TEST_CASE("a stage that any machine runs is here too, by the same sockets") {
  Pipeline pipeline = Credit(Hosts::kOthers, Hosts::kAny);
  pipeline.spread.listen = "tcp://0.0.0.0:7000";
  const auto units = Wire(pipeline, "/run/credit", 1, "host");
  REQUIRE(NamesOf(units) ==
          Words{"read", "clean-balance", "infer-balance", "infer", "write-balance", "write"});
  CHECK(Option(units[2], "--in") == "@tcp://0.0.0.0:7001/clean");
  CHECK(Option(units[2], "--out") == "@tcp://0.0.0.0:7002/infer");
  CHECK(Option(units[3], "--in") == "tcp://127.0.0.1:7002/infer");
  CHECK(Option(units[3], "--out") == "tcp://127.0.0.1:7003/infer");
  CHECK(units[1].elsewhere == "clean");
  CHECK(units[2].elsewhere.empty());
}

TEST_CASE("any is here alone where nobody can join") {
  const auto units = Wire(Credit(Hosts::kHere, Hosts::kAny), "/run/credit", 1, "host");
  CHECK(NamesOf(units) == Words{"read", "clean", "infer", "write"});
  CHECK_NOTHROW(CheckSpread(Credit(Hosts::kHere, Hosts::kAny)));
}

TEST_CASE("what is missing for others to join is said") {
  const TestKeys keys;
  Pipeline pipeline = Credit(Hosts::kHere, Hosts::kOthers);
  CHECK_THROWS_WITH(CheckSpread(pipeline), Catch::Contains("credit.toml:3: infer") &&
                                               Catch::Contains("--listen tcp://ADDRESS:PORT"));
  pipeline.spread.listen = "tcp://10.0.0.1:7000";
  CHECK_THROWS_WITH(CheckSpread(pipeline), Catch::Contains("needs keys"));
  pipeline.spread.keys = keys.path();
  CHECK_NOTHROW(CheckSpread(pipeline));
  pipeline.spread.listen = "10.0.0.1:7000";
  CHECK_THROWS_WITH(CheckSpread(pipeline), Catch::Contains("is not tcp://ADDRESS:PORT"));
  pipeline.spread.listen = "tcp://10.0.0.1:0";
  CHECK_THROWS_WITH(CheckSpread(pipeline), Catch::Contains("port 0 is none"));
  pipeline.spread.listen = "tcp://10.0.0.1:65535";
  CHECK_THROWS_WITH(CheckSpread(pipeline), Catch::Contains("end at 65536"));
  Pipeline alone = Credit(Hosts::kHere, Hosts::kHere);
  alone.spread.listen = "tcp://127.0.0.1:7000";
  CHECK_THROWS_WITH(CheckSpread(alone), Catch::Contains("of no use"));
}

}  // namespace rk
