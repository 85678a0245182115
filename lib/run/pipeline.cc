#include "lib/run/pipeline.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"
#include "lib/kafka/config.h"

namespace rk {
namespace {

constexpr size_t kMostReplicas = 1000;
constexpr size_t kLongestStageName = 24;  // two of them and what we add are a socket's name
constexpr std::array<std::string_view, 4> kTools = {"rk-read", "rk-map", "rk-infer", "rk-write"};

[[noreturn]] void Refuse(const std::string& where, const std::string& why) {
  throw Error(ErrorKind::kConfiguration, where + ": " + why);
}

// Processes show their arguments to every user of the machine, and files are copied around.
void RefuseSecrets(const StageDraft& draft, const std::vector<std::string>& argv) {
  for (size_t i = 1; i < argv.size(); ++i) {
    std::string_view text = argv[i];
    if (text.starts_with("-X")) text.remove_prefix(2);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || !IsSecret(text.substr(0, equals))) continue;
    Refuse(draft.where("exec"), fmt::format("{} does not belong here: put it in a file that only "
                                            "you can read, and pass that with -F",
                                            text.substr(0, equals)));
  }
}

std::vector<std::string> CommandOf(const StageDraft& draft, const Variables& variables) {
  if (!draft.exec) {
    Refuse(draft.where(""), fmt::format("exec is missing: the stage's command, such as "
                                        "exec = \"rk-infer -m model.pt\""));
  }
  std::vector<std::vector<std::string>> commands;
  try {
    commands = SplitLine(*draft.exec, variables);
  } catch (const Error& error) {
    Refuse(draft.where("exec"), error.what());
  }
  if (commands.size() > 1) Refuse(draft.where("exec"), "a stage is one command, without '|'");
  const std::vector<std::string>& argv = commands[0];
  RefuseSecrets(draft, argv);
  return argv;
}

// What belongs to some tools only.
void CheckKeys(const StageDraft& draft, const StageSpec& spec) {
  const bool reads = spec.tool() == "rk-read";
  if (!reads && draft.per_partition) {
    Refuse(draft.where("per_partition"), "only rk-read can have it");
  }
  for (const std::string_view key : {"min", "max", "scale_up_above", "scale_down_below"}) {
    if (reads && draft.counts.contains(key)) {
      Refuse(draft.where(key), "readers are not scaled: use replicas or per_partition");
    }
  }
  if (spec.per_partition && draft.counts.contains("replicas")) {
    Refuse(draft.where("replicas"), "per_partition already sets the number");
  }
  if (draft.exactly_once && spec.tool() != "rk-write") {
    Refuse(draft.where("exactly_once"), "only rk-write can have it");
  }
  if (draft.hosts && (reads || spec.tool() == "rk-write")) {
    Refuse(draft.where("hosts"), "only the stages between the ends can run elsewhere");
  }
  if (draft.devices && spec.tool() != "rk-infer") {
    Refuse(draft.where("devices"), "only rk-infer can have them");
  }
}

Hosts HostsOf(const StageDraft& draft) {
  const std::string hosts = draft.hosts.value_or("here");
  if (hosts == "here") return Hosts::kHere;
  if (hosts == "others") return Hosts::kOthers;
  if (hosts == "any") return Hosts::kAny;
  Refuse(draft.where("hosts"), fmt::format("'{}': it is \"here\", \"others\" or \"any\"", hosts));
}

void FillCounts(const StageDraft& draft, StageSpec& spec) {
  const auto count = [&](std::string_view key) -> std::optional<size_t> {
    const auto found = draft.counts.find(key);
    return found == draft.counts.end() ? std::nullopt : std::optional(found->second);
  };
  for (const std::string_view key : {"replicas", "min", "max"}) {
    if (const auto n = count(key); n && (*n < 1 || *n > kMostReplicas)) {
      Refuse(draft.where(key), fmt::format("{} is not from 1 to {}", *n, kMostReplicas));
    }
  }
  const bool scales = count("min") || count("max");
  // Of several devices none stands idle because nobody said how many there are to be.
  const size_t devices = std::max<size_t>(draft.devices ? draft.devices->size() : 0, 1);
  spec.min = count("min").value_or(scales ? 1 : count("replicas").value_or(devices));
  spec.max = count("max").value_or(std::max(spec.min, count("replicas").value_or(1)));
  if (spec.min > spec.max) {
    Refuse(draft.where(count("min") ? "min" : "max"),
           fmt::format("min is {} and max {}: min cannot be more than max", spec.min, spec.max));
  }
  spec.replicas = count("replicas").value_or(spec.min);
  if (spec.replicas < spec.min || spec.replicas > spec.max) {
    Refuse(draft.where("replicas"), fmt::format("{} is not between min ({}) and max ({})",
                                                spec.replicas, spec.min, spec.max));
  }
  const bool writes = spec.tool() == "rk-write";
  spec.scale_up_above = count("scale_up_above").value_or(writes ? 100 : 200);
  spec.scale_down_below = count("scale_down_below").value_or(writes ? 10 : 20);
  if (spec.scale_down_below > spec.scale_up_above) {
    Refuse(draft.where(count("scale_down_below") ? "scale_down_below" : "scale_up_above"),
           fmt::format("scale_down_below is {} and scale_up_above {}: it cannot be larger",
                       spec.scale_down_below, spec.scale_up_above));
  }
}

void CheckName(const StageDraft& draft) {
  const bool good = std::ranges::all_of(draft.name, [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '_';
  });
  if (!good || draft.name.empty() || draft.name.size() > kLongestStageName) {
    Refuse(draft.where(""),
           fmt::format("a stage name has 1 to {} characters of a-z, 0-9, '-' and '_'",
                       kLongestStageName));
  }
}

}  // namespace

std::string StageSpec::tool() const { return std::filesystem::path(argv[0]).filename(); }

bool StageSpec::reads_stdin() const {
  const std::string from = options.value("--from");
  return from == "-" || from == "/dev/stdin";
}

StageSpec FinishStage(const StageDraft& draft, const Variables& variables) {
  CheckName(draft);
  StageSpec spec;
  spec.name = draft.name;
  spec.argv = CommandOf(draft, variables);
  if (std::ranges::find(kTools, spec.tool()) == kTools.end()) {
    Refuse(draft.where("exec"),
           fmt::format("{} is not a stage: {} are (rk-run adds each rk-balance itself)",
                       spec.tool(), fmt::join(kTools, ", ")));
  }
  spec.per_partition = draft.per_partition.value_or(false);
  spec.exactly_once = draft.exactly_once.value_or(false);
  FillCounts(draft, spec);
  spec.devices = draft.devices.value_or(std::vector<std::string>{});
  spec.cpus = draft.cpus;
  spec.hosts = HostsOf(draft);
  spec.where = draft.where("exec");
  CheckKeys(draft, spec);
  return spec;
}

void CheckPipeline(const Pipeline& pipeline, const std::string& source) {
  if (pipeline.stages.size() < 2) Refuse(source, "a pipeline needs at least two stages");
  for (size_t i = 0; i < pipeline.stages.size(); ++i) {
    const StageSpec& stage = pipeline.stages[i];
    const bool first = i == 0;
    const bool last = i + 1 == pipeline.stages.size();
    if ((stage.tool() == "rk-read") != first || (stage.tool() == "rk-write") != last) {
      Refuse(source,
             fmt::format("stage {} is {}: rk-read must come first and rk-write last, once each",
                         stage.name, stage.tool()));
    }
  }
}

Pipeline ParsePipelineLine(const std::string& line, const Variables& variables) {
  std::string source = "the pipeline line";
  Pipeline pipeline{fmt::format("line-{:016x}", std::hash<std::string>{}(line)),
                    static_cast<double>(std::thread::hardware_concurrency()),
                    {}};
  std::vector<std::vector<std::string>> commands;
  try {
    commands = SplitLine(line, variables);
  } catch (const Error& error) {
    Refuse(source, error.what());
  }
  const auto nothing = [](const std::string&) -> std::optional<std::string> {
    return std::nullopt;
  };
  for (const std::vector<std::string>& argv : commands) {
    std::string name = std::filesystem::path(argv[0]).filename();
    if (name.starts_with("rk-")) name.erase(0, 3);
    const auto same = std::ranges::count_if(pipeline.stages, [&](const StageSpec& stage) {
      return stage.tool() == std::filesystem::path(argv[0]).filename();
    });
    StageDraft draft;
    draft.name = same == 0 ? name : fmt::format("{}-{}", name, same + 1);
    draft.exec = Quote(argv);
    draft.where = [&source](std::string_view) { return source; };
    pipeline.stages.push_back(FinishStage(draft, nothing));
  }
  CheckPipeline(pipeline, source);
  return pipeline;
}

void ApplyReplicas(Pipeline& pipeline, const std::string& text) {
  const size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const std::string number = equals == std::string::npos ? "" : text.substr(equals + 1);
  size_t count = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  if (error != std::errc() || end != number.data() + number.size() || count < 1 ||
      count > kMostReplicas) {
    throw Error(
        ErrorKind::kUsage,
        fmt::format("--replicas {}: expected STAGE=N with N from 1 to {}", text, kMostReplicas));
  }
  const auto stage = std::ranges::find(pipeline.stages, name, &StageSpec::name);
  if (stage == pipeline.stages.end()) {
    std::vector<std::string> names;
    for (const StageSpec& one : pipeline.stages) names.push_back(one.name);
    throw Error(ErrorKind::kUsage,
                fmt::format("--replicas {}: the stages are {}", text, fmt::join(names, ", ")));
  }
  if (stage->per_partition) {
    throw Error(ErrorKind::kUsage,
                fmt::format("--replicas {}: there is one reader for each partition", text));
  }
  const bool scales = stage->min < stage->max;
  stage->replicas = count;
  stage->min = scales ? std::min(stage->min, count) : count;
  stage->max = scales ? std::max(stage->max, count) : count;
}

}  // namespace rk
