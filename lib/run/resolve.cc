#include "lib/run/resolve.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/kafka/topics.h"

namespace rk {
namespace {

constexpr std::array<std::string_view, 6> kOurs = {"--in",  "--out",       "--keys",
                                                   "--ack", "--status-fd", "--check"};

[[noreturn]] void Refuse(const StageSpec& stage, const std::string& why) {
  throw Error(ErrorKind::kConfiguration, stage.where + ": " + why);
}

double ThreadsOf(const ToolOptions& options) {
  const std::string text = options.value("--threads");
  double threads = 1;
  std::from_chars(text.data(), text.data() + text.size(), threads);
  return threads;
}

void CheckReader(const StageSpec& stage) {
  if (stage.reads_stdin() && (stage.replicas > 1 || stage.per_partition))
    Refuse(stage, "--from - is the standard input of one reader: take one, or --from FILE");
  if (stage.per_partition) {
    const std::string partitions = stage.options.value("--partition");
    if (!partitions.empty() && partitions != "all")
      Refuse(stage, "-p and per_partition exclude each other");
    const auto topics = stage.options.values("--topic");
    if (topics.size() != 1 || IsPattern(topics[0]))
      Refuse(stage, "per_partition takes one topic: -t TOPIC");
  } else if (stage.replicas > 1 && stage.options.value("group").empty()) {
    Refuse(stage, "readers without a group (-G) would all read the same records");
  }
}

void CheckStage(const StageSpec& stage) {
  for (const std::string_view option : kOurs) {
    if (stage.options.given(option))
      Refuse(stage, fmt::format("{} is set by rk-run: leave it out", option));
  }
  if (stage.tool() == "rk-read") CheckReader(stage);
  if (!stage.devices.empty() && stage.options.given("--device"))
    Refuse(stage, "it has a --device and the stage has devices; leave one of the two");
}

// What is written there and read again goes round for ever. Where the two ends have other brokers,
// topics of one name are two topics.
void CheckNoCircle(const StageSpec& reader, const StageSpec& writer) {
  if (reader.options.value("brokers") != writer.options.value("brokers")) return;
  for (const std::string& wanted : reader.options.values("--topic")) {
    for (const std::string& written : writer.options.values("written_topics")) {
      if (!MatchesTopic(wanted, written)) continue;
      Refuse(reader, fmt::format("-t '{}' reads topic {}, which {} writes: its records would go "
                                 "round for ever",
                                 wanted, written, writer.name));
    }
  }
}

// A tool that refuses its command says so as all else is said.
std::vector<std::string> WithFormat(std::vector<std::string> argv,
                                    const std::vector<std::string>& log_options) {
  const auto format = std::ranges::find(log_options, "--log-format");
  argv.insert(argv.begin() + 1, format, log_options.end());
  return argv;
}

uint64_t MaxFrameOf(const StageSpec& stage) {
  const std::string text = stage.options.value("--max-frame");
  uint64_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

// A socket drops what is larger than it accepts, and the readers would send it again for ever.
void CheckFramesFit(const StageSpec& from, const StageSpec& to) {
  if (MaxFrameOf(from) <= MaxFrameOf(to)) return;
  Refuse(to, fmt::format(
                 "{} takes frames of up to {} bytes (--max-frame), and {} sends up to {}: give all "
                 "stages the same",
                 to.name, MaxFrameOf(to), from.name, MaxFrameOf(from)));
}

// Both ends must be told, and a writer's name is its place in the pipeline: it outlives the
// process.
void ResolveExactlyOnce(StageSpec& reader, StageSpec& writer) {
  writer.exactly_once |= writer.options.given("--exactly-once");
  if (reader.options.given("--exactly-once") && !writer.exactly_once)
    Refuse(reader,
           fmt::format("--exactly-once is for both ends: [{}] exactly_once = true", writer.name));
  if (writer.options.given("--transactional-id"))
    Refuse(writer, "--transactional-id is set by rk-run: leave it out");
  reader.exactly_once = writer.exactly_once;
  if (!writer.exactly_once) return;
  if (reader.options.value("group").empty())
    Refuse(reader, "exactly once needs a consumer group: -G GROUP");
  if (reader.per_partition || reader.options.given("--partition"))
    Refuse(reader,
           "exactly once needs the group to hand out the partitions: leave out -p and "
           "per_partition, since nothing keeps a second reader from fixed ones");
}

}  // namespace

Pipeline ResolvePipeline(Pipeline pipeline, const AskTools& ask) {
  std::vector<ToolCommand> commands;
  for (const StageSpec& stage : pipeline.stages)
    commands.push_back({fmt::format("{}: stage {}", stage.where, stage.name),
                        WithFormat(stage.argv, pipeline.log_options)});
  std::vector<ToolOptions> answers = ask(commands);
  for (size_t i = 0; i < pipeline.stages.size(); ++i) {
    StageSpec& stage = pipeline.stages[i];
    stage.options = std::move(answers[i]);
    CheckStage(stage);
    if (!stage.cpus) stage.cpus = stage.tool() == "rk-infer" ? ThreadsOf(stage.options) : 0;
  }
  for (size_t i = 1; i < pipeline.stages.size(); ++i)
    CheckFramesFit(pipeline.stages[i - 1], pipeline.stages[i]);
  CheckNoCircle(pipeline.stages.front(), pipeline.stages.back());
  ResolveExactlyOnce(pipeline.stages.front(), pipeline.stages.back());
  return pipeline;
}

}  // namespace rk
