#include "lib/run/wiring.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>

#include "lib/run/spread.h"

namespace rk {
namespace {

using Words = std::vector<std::string>;

constexpr size_t kDefaultWindow = size_t{64} << 20;

void AddKeys(const Pipeline& pipeline, Words& words) {
  if (pipeline.spread.keys.empty()) return;
  words.insert(words.end(), {"--keys", pipeline.spread.keys});
}

// How two neighbours are joined: the flags of the one's output and of the other's input, and the
// balance between them, if there is to be one.
struct Joint {
  Words out;
  Words in;
  std::optional<Words> balance;
};

Joint Join(const Pipeline& pipeline, const StageSpec& from, const StageSpec& to,
           const std::string& directory) {
  const bool from_afar = IsSpread(pipeline, from);
  const bool to_afar = IsSpread(pipeline, to);
  std::string front = fmt::format("ipc://{}/{}.in", directory, to.name);
  if (!from.parallel() && !to.parallel() && !from_afar && !to_afar)
    return {{"--out", "@" + front}, {"--in", front}, {}};
  if (from_afar) front = PushAddress(pipeline, from);
  const std::string back =
      to_afar ? FetchAddress(pipeline, to) : fmt::format("ipc://{}/{}.out", directory, to.name);
  Words balance = {"rk-balance", "--in", "@" + front, "--out", "@" + back};
  if (from_afar || to_afar) AddKeys(pipeline, balance);
  if (to.tool() == "rk-write" && to.parallel())
    balance.insert(balance.end(), {"--by", "partition"});
  if (to.options.given("--max-frame"))
    balance.insert(balance.end(), {"--max-frame", to.options.value("--max-frame")});
  return {{"--out", NearAddress(front)}, {"--in", NearAddress(back)}, balance};
}

// Of --window-bytes, which rk-read has turned into a number.
size_t WindowOf(const StageSpec& reader) {
  const std::string text = reader.options.value("--window-bytes");
  size_t bytes = kDefaultWindow;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

// A member of its group that has no name of its own.
bool NeedsInstance(const StageSpec& reader) {
  return !reader.options.value("group").empty() && !reader.per_partition &&
         !reader.options.given("--partition") && !reader.options.given("--instance");
}

// What is particular to the one with that number of `count` like it. Where an option comes again
// the last one holds.
Words ArgumentsOf(const StageSpec& stage, size_t number, size_t count,
                  const std::string& instance) {
  Words argv = stage.argv;
  const auto add = [&argv](std::initializer_list<std::string> words) {
    argv.insert(argv.end(), words);
  };
  if (stage.tool() == "rk-read") {
    if (count > 1)
      add({"--window-bytes", std::to_string(std::max<size_t>(WindowOf(stage) / count, 1))});
    if (stage.per_partition) add({"-p", std::to_string(number)});
    if (NeedsInstance(stage)) add({"--instance", fmt::format("{}-{}", instance, number)});
  }
  if (stage.exactly_once) add({"--exactly-once"});
  if (stage.exactly_once && stage.tool() == "rk-write")
    add({"--transactional-id", fmt::format("{}-{}", instance, number)});
  if (!stage.devices.empty()) add({"--device", stage.devices[number % stage.devices.size()]});
  if (!stage.options.given("--report-interval")) add({"--report-interval", "0"});
  return argv;
}

// How rk-run logs is how its stages log, but for those that say it themselves: their words come
// later, and of two formats the last one holds.
Words LogOptionsOf(const StageSpec& stage, Words log_options) {
  if (stage.options.given("--quiet") || stage.options.given("--verbose"))
    std::erase_if(log_options,
                  [](const std::string& word) { return word == "-q" || word == "-v"; });
  return log_options;
}

void LogAs(const Words& log_options, Unit& unit) {
  for (ProcessSpec& process : unit.processes)
    process.argv.insert(process.argv.begin() + 1, log_options.begin(), log_options.end());
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
  unit.cpus = stage.cpus.value_or(0);
  unit.exclusive = unit.role == Role::kRead;
  unit.reloads = stage.tool() == "rk-infer";
  unit.prints = stage.options.given("--to");
  if (!stage.options.value("group").empty()) unit.again = {"--resume"};
  for (size_t number = 0; number < count; ++number) {
    unit.processes.push_back({fmt::format("{}.{}", stage.name, number),
                              ArgumentsOf(stage, number, count, instance), stage.reads_stdin()});
  }
  return unit;
}

void Give(Unit& unit, const Words& words) {
  for (ProcessSpec& process : unit.processes) {
    process.argv.insert(process.argv.end(), words.begin(), words.end());
  }
}

void GiveKeys(const Pipeline& pipeline, Unit& unit) {
  Words words;
  AddKeys(pipeline, words);
  Give(unit, words);
}

// All that a machine runs that joins: the queues before and behind it are on the other one.
Unit Joined(const Pipeline& pipeline, const std::string& instance) {
  const StageSpec& stage = pipeline.stages.front();
  Unit unit = UnitOf(stage, 1, instance);
  LogAs(LogOptionsOf(stage, pipeline.log_options), unit);
  GiveKeys(pipeline, unit);
  Give(unit, {"--in", FetchAddress(pipeline, stage), "--out", PushAddress(pipeline, stage)});
  return unit;
}

Unit BalanceBefore(const StageSpec& stage, Words argv, const Words& log_options) {
  argv.insert(argv.end(), {"--report-interval", "0"});
  Unit unit;
  unit.name = stage.name + "-balance";
  unit.role = Role::kBalance;
  unit.processes.push_back({unit.name + ".0", std::move(argv)});
  unit.exclusive = true;
  LogAs(log_options, unit);
  return unit;
}

// Everything is quoted but for the directory, which is the shell's to put in.
std::string InShell(const std::string& word) {
  const size_t at = word.find(kShellDirectory);
  if (at == std::string::npos) return Quote({word});
  const std::string before = word.substr(0, at);
  return (before.empty() ? "" : Quote({before})) + "\"$RK_RUNTIME_DIR\"" +
         Quote({word.substr(at + kShellDirectory.size())});
}

std::string InShell(const ProcessSpec& process) {
  std::string line;
  for (const std::string& word : process.argv) line += (line.empty() ? "" : " ") + InShell(word);
  // A shell takes it from what it starts in the background, unless it has another number.
  return process.with_stdin ? line + " <&3" : line;
}

}  // namespace

std::vector<Unit> Wire(const Pipeline& pipeline, const std::string& directory, size_t partitions,
                       const std::string& instance) {
  if (!pipeline.spread.join.empty()) return {Joined(pipeline, instance)};
  std::vector<Unit> units;
  for (size_t i = 0; i < pipeline.stages.size(); ++i) {
    const StageSpec& stage = pipeline.stages[i];
    Unit unit = UnitOf(stage, partitions, fmt::format("{}-{}", instance, stage.name));
    LogAs(LogOptionsOf(stage, pipeline.log_options), unit);
    if (IsSpread(pipeline, stage)) GiveKeys(pipeline, unit);
    if (i > 0) {
      const StageSpec& before = pipeline.stages[i - 1];
      Joint joint = Join(pipeline, before, stage, directory);
      if (RunsHere(pipeline, before)) Give(units.back(), joint.out);
      Give(unit, joint.in);
      if (joint.balance)
        units.push_back(BalanceBefore(stage, *joint.balance, pipeline.log_options));
      else
        units.back().exclusive = true;
      if (!RunsHere(pipeline, stage)) units.back().elsewhere = stage.name;
      unit.queue = units.size() - 1;
    }
    if (RunsHere(pipeline, stage)) units.push_back(std::move(unit));
  }
  return units;
}

std::string ShellScript(const std::vector<Unit>& units) {
  std::string script = "export RK_RUNTIME_DIR=$(mktemp -d)\n";
  if (units.front().processes.front().with_stdin) script += "exec 3<&0\n";
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
  if (!readers.empty()) script += "wait $readers\nkill $others\n";
  return script + "wait\nrm -r \"$RK_RUNTIME_DIR\"\n";
}

}  // namespace rk
