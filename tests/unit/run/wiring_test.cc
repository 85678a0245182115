#include "lib/run/wiring.h"

#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "tests/unit/link/test_directory.h"
#include "tests/unit/run/fake_tools.h"

namespace rk {
namespace {

using Words = std::vector<std::string>;

StageSpec Stage(const std::string& name, Words argv) {
  StageSpec stage;
  stage.name = name;
  stage.argv = std::move(argv);
  return stage;
}

StageSpec Scaled(StageSpec stage, size_t replicas, size_t max) {
  stage.replicas = replicas;
  stage.min = 1;
  stage.max = max;
  return stage;
}

StageSpec Read() { return Stage("read", {"rk-read", "-t", "in", "-G", "g"}); }
StageSpec Infer() { return Stage("infer", {"rk-infer", "-m", "m.pt"}); }
StageSpec Write() { return Stage("write", {"rk-write", "-t", "out"}); }

std::vector<Unit> Wired(std::vector<StageSpec> stages, size_t partitions = 1) {
  for (StageSpec& stage : stages) stage = Resolved(stage);
  return Wire({"credit", 8, std::move(stages)}, "/run/credit", partitions, "host-credit");
}

Words NamesOf(const std::vector<Unit>& units) {
  Words names;
  for (const Unit& unit : units) names.push_back(unit.name);
  return names;
}

std::string Option(const ProcessSpec& process, std::string_view name) {
  // The last one, as the tools take it.
  const auto found = std::ranges::find(process.argv.rbegin(), process.argv.rend(), name);
  return found == process.argv.rend() ? "" : *std::prev(found);
}

TEST_CASE("single stages are joined one to one, each serving the next") {
  const auto units = Wired({Read(), Infer(), Write()});
  REQUIRE(NamesOf(units) == Words{"read", "infer", "write"});
  CHECK(units[0].processes[0].argv == Words{"rk-read", "-t", "in", "-G", "g", "--instance",
                                            "host-credit-read-0", "--report-interval", "0", "--out",
                                            "@ipc:///run/credit/infer.in"});
  CHECK(units[1].processes[0].argv == Words{"rk-infer", "-m", "m.pt", "--report-interval", "0",
                                            "--in", "ipc:///run/credit/infer.in", "--out",
                                            "@ipc:///run/credit/write.in"});
  CHECK(units[2].processes[0].argv == Words{"rk-write", "-t", "out", "--report-interval", "0",
                                            "--in", "ipc:///run/credit/write.in"});
  CHECK(units[0].role == Role::kRead);
  CHECK(units[1].role == Role::kMiddle);
  CHECK(units[2].role == Role::kWrite);
  // Who binds is alone; records wait for a stage in the one before it.
  CHECK(units[0].exclusive);
  CHECK(units[1].exclusive);
  CHECK_FALSE(units[2].exclusive);
  CHECK(units[0].queue == std::nullopt);
  CHECK(units[1].queue == 0);
  CHECK(units[2].queue == 1);
}

TEST_CASE("a balance stands on both sides of a stage that has replicas, or may get them") {
  const size_t replicas = GENERATE(1, 4);
  const auto units = Wired({Read(), Scaled(Infer(), replicas, 4), Write()});
  REQUIRE(NamesOf(units) == Words{"read", "infer-balance", "infer", "write-balance", "write"});
  CHECK(units[1].role == Role::kBalance);
  CHECK(units[1].exclusive);
  CHECK(units[1].processes.size() == 1);
  CHECK(units[1].processes[0].name == "infer-balance.0");
  CHECK(units[1].processes[0].argv == Words{"rk-balance", "--in", "@ipc:///run/credit/infer.in",
                                            "--out", "@ipc:///run/credit/infer.out",
                                            "--report-interval", "0"});
  CHECK(units[2].processes.size() == 4);
  CHECK(units[2].start == replicas);
  CHECK_FALSE(units[2].exclusive);
  CHECK(units[2].queue == 1);
  CHECK(units[4].queue == 3);
  for (const ProcessSpec& process : units[2].processes) {
    CHECK(Option(process, "--in") == "ipc:///run/credit/infer.out");
    CHECK(Option(process, "--out") == "ipc:///run/credit/write.in");
  }
  CHECK(Option(units[0].processes[0], "--out") == "ipc:///run/credit/infer.in");
}

TEST_CASE("a balance goes by partition before two or more writers, and only there") {
  const auto one = Wired({Read(), Scaled(Infer(), 1, 2), Write()});
  for (const Unit& unit : one) CHECK(Option(unit.processes[0], "--by").empty());
  const auto two = Wired({Read(), Scaled(Infer(), 1, 2), Scaled(Write(), 1, 2)});
  CHECK(Option(two[1].processes[0], "--by").empty());
  CHECK(Option(two[3].processes[0], "--by") == "partition");
}

TEST_CASE("every endpoint is bound once, and each that is connected to is bound") {
  const auto units = Wired({Scaled(Read(), 2, 2), Stage("map", {"rk-map", "--stamp"}),
                            Scaled(Infer(), 3, 6), Stage("map-2", {"rk-map", "--stamp"}),
                            Stage("map-3", {"rk-map", "--stamp"}), Scaled(Write(), 2, 5)});
  std::multiset<std::string> bound;
  std::set<std::string> connected;
  for (const Unit& unit : units) {
    for (const ProcessSpec& process : unit.processes) {
      for (const char* side : {"--in", "--out"}) {
        const std::string endpoint = Option(process, side);
        if (endpoint.starts_with('@'))
          bound.insert(endpoint.substr(1));
        else if (!endpoint.empty())
          connected.insert(endpoint);
      }
    }
  }
  CHECK(std::set(bound.begin(), bound.end()).size() == bound.size());
  CHECK(std::set(bound.begin(), bound.end()) == connected);
  CHECK(bound.size() == 9);
}

TEST_CASE("processes have names of their own, and readers in a group instances of their own") {
  const auto units = Wired({Scaled(Read(), 3, 3), Write()});
  std::set<std::string> names;
  std::set<std::string> instances;
  for (const ProcessSpec& process : units[0].processes) {
    names.insert(process.name);
    instances.insert(Option(process, "--instance"));
  }
  CHECK(names == std::set<std::string>{"read.0", "read.1", "read.2"});
  CHECK(instances ==
        std::set<std::string>{"host-credit-read-0", "host-credit-read-1", "host-credit-read-2"});
}

TEST_CASE("a reader that is no member of a group, or has its instance, gets none") {
  const auto instance = [](Words argv) {
    const auto units = Wired({Stage("read", std::move(argv)), Write()});
    return Option(units[0].processes[0], "--instance");
  };
  CHECK(instance({"rk-read", "-t", "in"}).empty());
  CHECK(instance({"rk-read", "-t", "in", "-G", "g", "-p", "all"}).empty());
  CHECK(instance({"rk-read", "-t", "in", "-G", "g", "--instance", "mine"}) == "mine");
}

TEST_CASE("a reader is a member of its group wherever that is named") {
  const auto instance = [](Words argv) {
    const auto units = Wired({Stage("read", std::move(argv)), Write()});
    return Option(units[0].processes[0], "--instance");
  };
  CHECK(instance({"rk-read", "-t", "in", "-eGg"}) == "host-credit-read-0");
  CHECK(instance({"rk-read", "-t", "in", "-F", "grouped.conf"}) == "host-credit-read-0");
  CHECK(instance({"rk-read", "-t", "in", "-F", "plain.conf"}).empty());
}

TEST_CASE("exactly once is both ends', and each writer's name is its place in the pipeline") {
  StageSpec read = Read();
  StageSpec write = Scaled(Write(), 1, 2);
  read.exactly_once = write.exactly_once = true;
  const auto units = Wired({read, Infer(), write});
  const auto has = [](const ProcessSpec& process) {
    return std::ranges::count(process.argv, "--exactly-once") == 1;
  };
  CHECK(has(units.front().processes[0]));
  CHECK_FALSE(has(units[1].processes[0]));
  CHECK(has(units.back().processes[1]));
  CHECK(Option(units.back().processes[0], "--transactional-id") == "host-credit-write-0");
  CHECK(Option(units.back().processes[1], "--transactional-id") == "host-credit-write-1");
  CHECK(Option(units.front().processes[0], "--transactional-id").empty());
}

TEST_CASE("per_partition makes a reader of each partition, and a balance behind them") {
  StageSpec read = Stage("read", {"rk-read", "-t", "in", "-G", "g", "-p", "all"});
  read.per_partition = true;
  const auto units = Wired({read, Infer(), Write()}, 3);
  REQUIRE(NamesOf(units) == Words{"read", "infer-balance", "infer", "write"});
  REQUIRE(units[0].processes.size() == 3);
  CHECK(units[0].start == 3);
  CHECK(units[0].min == 3);
  for (size_t number = 0; number < 3; ++number) {
    const ProcessSpec& process = units[0].processes[number];
    CHECK(Option(process, "-p") == std::to_string(number));
    CHECK(Option(process, "--instance").empty());
  }
}

TEST_CASE("readers share one window") {
  const auto windows = [](const std::string& option, size_t readers) {
    StageSpec read = Read();
    if (!option.empty()) read.argv.insert(read.argv.end(), {"--window-bytes", option});
    const auto units = Wired({Scaled(read, readers, readers), Write()});
    std::set<std::string> found;
    for (const ProcessSpec& process : units[0].processes) {
      found.insert(Option(process, "--window-bytes"));
    }
    REQUIRE(found.size() == 1);
    return *found.begin();
  };
  CHECK(windows("", 1).empty());
  CHECK(windows("1MiB", 1) == "1MiB");
  CHECK(windows("", 4) == std::to_string((64 << 20) / 4));
  CHECK(windows("1MiB", 4) == std::to_string((1 << 20) / 4));
  CHECK(windows("3", 4) == "1");
}

TEST_CASE("devices are handed out in turn, and what is common is kept") {
  StageSpec infer = Scaled(Infer(), 3, 3);
  infer.devices = {"cuda:0", "cuda:1"};
  infer.argv.insert(infer.argv.end(), {"--max-frame", "1MiB", "--report-interval", "5"});
  const auto units = Wired({Read(), infer, Write()});
  Words devices;
  for (const ProcessSpec& process : units[2].processes) {
    devices.push_back(Option(process, "--device"));
    CHECK(Option(process, "--report-interval") == "5");
  }
  CHECK(devices == Words{"cuda:0", "cuda:1", "cuda:0"});
  CHECK(Option(units[1].processes[0], "--max-frame") == "1048576");
  CHECK(Option(units[3].processes[0], "--max-frame").empty());
}

TEST_CASE("stages log as rk-run does, but for those that say how themselves") {
  std::vector<StageSpec> stages{Read(), Scaled(Infer(), 1, 2), Write()};
  stages[2].argv.emplace_back("-v");
  for (StageSpec& stage : stages) stage = Resolved(stage);
  const auto units = Wire({"credit", 8, stages, {"-q", "--log-format", "json"}}, "/run", 1, "host");
  const auto begin = [&](size_t unit) {
    const Words& argv = units[unit].processes[0].argv;
    return Words(argv.begin() + 1, argv.begin() + 4);
  };
  const Words all{"-q", "--log-format", "json"};
  CHECK(begin(0) == all);
  CHECK(begin(1) == all);  // the balance
  CHECK(begin(2) == all);
  CHECK(begin(3) == all);  // another balance
  CHECK(begin(4) == Words{"--log-format", "json", "-t"});
}

// Programs of our tools' names that write what they are called with; all but rk-read then wait to
// be told to go.
void MakeTools(const std::string& directory) {
  for (const std::string name : {"rk-read", "rk-infer", "rk-balance", "rk-write"}) {
    const std::string path = directory + "/" + name;
    std::ofstream(path) << "#!/bin/sh\necho " + name + " \"$@\" >>" + directory + "/called\n" +
                               (name == "rk-read" ? "sleep 0.3\n" : "exec sleep 30\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
}

TEST_CASE(
    "the script for a shell starts the same processes, ends with the readers, and cleans up") {
  const TestDirectory directory;
  MakeTools(directory.path());
  StageSpec infer = Scaled(Infer(), 2, 4);
  // The shell must take none of it for its own, also not what looks like the directory that it puts
  // in.
  const std::string model = "my model's $(touch owned)`touch owned`\"$RK_RUNTIME_DIR/\\.pt";
  infer.argv.back() = model;
  const auto units = Wire({"credit", 8, {Resolved(Read()), Resolved(infer), Resolved(Write())}},
                          std::string(kShellDirectory), 1, "host");
  std::ofstream(directory.path() + "/script") << ShellScript(units);
  const int status = std::system(("cd " + directory.path() + " && TMPDIR=$PWD PATH=$PWD:$PATH " +
                                  "timeout 10 sh ./script 2>errors")
                                     .c_str());
  CHECK(WEXITSTATUS(status) == 0);

  std::map<std::string, int> called;
  std::ifstream lines(directory.path() + "/called");
  std::string text;
  for (std::string line; std::getline(lines, line); text += line + "\n") {
    ++called[line.substr(0, line.find(' '))];
  }
  CHECK(called == std::map<std::string, int>{
                      {"rk-read", 1}, {"rk-balance", 2}, {"rk-infer", 2}, {"rk-write", 1}});
  CHECK_THAT(text, Catch::Contains("-m " + model + " "));
  CHECK_THAT(text, Catch::Contains("ipc://" + directory.path() + "/tmp."));
  CHECK_THAT(text, !Catch::Contains("ipc://$"));
  std::set<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path()))
    left.insert(entry.path().filename());
  CHECK(left == std::set<std::string>{"called", "errors", "rk-balance", "rk-infer", "rk-read",
                                      "rk-write", "script"});
}

}  // namespace
}  // namespace rk
