#include "lib/run/wiring.h"

#include <algorithm>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

using Words = std::vector<std::string>;

constexpr size_t kDefaultWindow = size_t{64} << 20;

// How two neighbours are joined: the flags of the one's output and of the other's input, and the
// balance between them, if there is to be one.
struct Joint {
  Words out;
  Words in;
  std::optional<Words> balance;
};

Joint Join(const StageSpec& from, const StageSpec& to, const std::string& directory) {
  const std::string front = fmt::format("ipc://{}/{}.in", directory, to.name);
  if (!from.parallel() && !to.parallel()) return {{"--out", "@" + front}, {"--in", front}, {}};
  const std::string back = fmt::format("ipc://{}/{}.out", directory, to.name);
  Words balance = {"rk-balance", "--in", "@" + front, "--out", "@" + back};
  if (to.tool() == "rk-write" && to.parallel())
    balance.insert(balance.end(), {"--by", "partition"});
  if (const auto largest = FindOption(to.argv, {"--max-frame"})) {
    balance.insert(balance.end(), {"--max-frame", *largest});
  }
  return {{"--out", front}, {"--in", back}, balance};
}

size_t WindowOf(const StageSpec& reader) {
  const auto text = FindOption(reader.argv, {"--window-bytes"});
  if (!text) return kDefaultWindow;
  try {
    std::string size = *text;
    CLI::AsSizeValue parse(false);
    if (const std::string problem = parse(size); !problem.empty())
      throw CLI::ValidationError(problem);
    return std::stoull(size);
  } catch (const std::exception&) {
    throw Error(
        ErrorKind::kConfiguration,
        fmt::format("{}: --window-bytes {} is not a size, such as 64MiB", reader.name, *text));
  }
}

// What is particular to the one with that number of `count` like it.
Words ArgumentsOf(const StageSpec& stage, size_t number, size_t count,
                  const std::string& instance) {
  Words argv = stage.argv;
  if (stage.tool() == "rk-read") {
    if (count > 1) {
      argv = WithoutOption(argv, {"--window-bytes"});
      argv.insert(argv.end(),
                  {"--window-bytes", std::to_string(std::max<size_t>(WindowOf(stage) / count, 1))});
    }
    if (stage.per_partition) {
      argv = WithoutOption(argv, {"-p", "--partition"});
      argv.insert(argv.end(), {"-p", std::to_string(number)});
    }
    const bool member =
        FindOption(argv, {"-G", "--group"}) && !FindOption(argv, {"-p", "--partition"});
    if (member && !FindOption(argv, {"--instance"})) {
      argv.insert(argv.end(), {"--instance", fmt::format("{}-{}", instance, number)});
    }
  }
  if (!stage.devices.empty()) {
    argv.insert(argv.end(), {"--device", stage.devices[number % stage.devices.size()]});
  }
  if (!FindOption(argv, {"--report-interval"})) argv.insert(argv.end(), {"--report-interval", "0"});
  return argv;
}

Role RoleOf(const StageSpec& stage) {
  if (stage.tool() == "rk-read") return Role::kRead;
  return stage.tool() == "rk-write" ? Role::kWrite : Role::kMiddle;
}

Unit UnitOf(const StageSpec& stage, size_t partitions, const std::string& instance) {
  Unit unit;
  unit.name = stage.name;
  unit.role = RoleOf(stage);
  const size_t count = stage.per_partition ? partitions : stage.max;
  unit.start = stage.per_partition ? partitions : stage.replicas;
  unit.min = stage.per_partition ? partitions : stage.min;
  unit.scale_up_above = stage.scale_up_above;
  unit.scale_down_below = stage.scale_down_below;
  unit.cpus = stage.cpus;
  unit.exclusive = unit.role == Role::kRead;
  unit.reloads = stage.tool() == "rk-infer";
  for (size_t number = 0; number < count; ++number) {
    unit.processes.push_back(
        {fmt::format("{}.{}", stage.name, number), ArgumentsOf(stage, number, count, instance)});
  }
  return unit;
}

void Give(Unit& unit, const Words& words) {
  for (ProcessSpec& process : unit.processes) {
    process.argv.insert(process.argv.end(), words.begin(), words.end());
  }
}

Unit BalanceBefore(const StageSpec& stage, Words argv) {
  argv.insert(argv.end(), {"--report-interval", "0"});
  Unit unit;
  unit.name = stage.name + "-balance";
  unit.role = Role::kBalance;
  unit.processes.push_back({unit.name + ".0", std::move(argv)});
  unit.exclusive = true;
  return unit;
}

std::string InShell(const ProcessSpec& process) {
  std::string line;
  for (const std::string& word : process.argv) {
    // The directory is the shell's to put in.
    const bool variable = word.find("$RK_RUNTIME_DIR/") != std::string::npos;
    line += (line.empty() ? "" : " ") + (variable ? "\"" + word + "\"" : Quote({word}));
  }
  return line;
}

}  // namespace

std::vector<Unit> Wire(const Pipeline& pipeline, const std::string& directory, size_t partitions,
                       const std::string& instance) {
  std::vector<Unit> units;
  for (size_t i = 0; i < pipeline.stages.size(); ++i) {
    const StageSpec& stage = pipeline.stages[i];
    Unit unit = UnitOf(stage, partitions, fmt::format("{}-{}", instance, stage.name));
    if (i > 0) {
      Joint joint = Join(pipeline.stages[i - 1], stage, directory);
      Give(units.back(), joint.out);
      Give(unit, joint.in);
      if (joint.balance)
        units.push_back(BalanceBefore(stage, *joint.balance));
      else
        units.back().exclusive = true;
      unit.queue = units.size() - 1;
    }
    units.push_back(std::move(unit));
  }
  return units;
}

std::string ShellScript(const std::vector<Unit>& units) {
  std::string script = "export RK_RUNTIME_DIR=$(mktemp -d)\n";
  std::string readers;
  std::string others;
  for (auto unit = units.rbegin(); unit != units.rend(); ++unit) {
    for (size_t number = 0; number < unit->start; ++number) {
      const bool reads = unit->role == Role::kRead;
      (reads ? readers : others) +=
          fmt::format("{} & {}=\"${} $!\"\n", InShell(unit->processes[number]),
                      reads ? "readers" : "others", reads ? "readers" : "others");
    }
  }
  script += "readers= others=\n" + others + readers;
  // When the readers have exited, all that they read is acknowledged.
  return script + "wait $readers\nkill $others\nwait\nrm -r \"$RK_RUNTIME_DIR\"\n";
}

}  // namespace rk
