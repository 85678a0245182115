#include "lib/run/test_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "lib/base/descriptor_io.h"
#include "lib/base/error.h"
#include "lib/link/pipe.h"
#include "lib/process/spawn.h"
#include "lib/run/own_tools.h"
#include "lib/stage/tool.h"
#include "lib/text/text_source.h"

namespace rk {
namespace {

using Lines = std::vector<std::string>;
using std::chrono::steady_clock;

constexpr size_t kBatchRecords = 500;  // as rk-read's

// A thread that writes all lines into the first stage, so that whoever reads the last one's output
// can at the same time.
class Feeder {
 public:
  Feeder(const Lines& input, Descriptor output)
      : thread_([&input, output = std::move(output)] { Feed(input, output.fd()); }) {}
  ~Feeder() { thread_.join(); }
  Feeder(const Feeder&) = delete;
  Feeder& operator=(const Feeder&) = delete;

 private:
  // A stage that is gone is its exit status's to tell.
  static void Feed(const Lines& input, int fd) try {
    PipeSink sink(fd);
    TextStream stream;
    for (size_t begin = 0; begin < input.size(); begin += kBatchRecords) {
      const size_t end = std::min(begin + kBatchRecords, input.size());
      std::vector<RecordView> records;
      size_t bytes = 0;
      for (size_t i = begin; i < end; ++i) {
        records.emplace_back().value = input[i];
        bytes += input[i].size();
      }
      sink.Send(stream.MakeFrame(std::move(records), bytes));
    }
    sink.Finish(stream.origin);
  } catch (const Error&) {
  }

  std::thread thread_;
};

// One process of each stage in the middle, in a line.
class Chain {
 public:
  Chain(const Pipeline& pipeline, const Stage& stage) {
    std::pair<Descriptor, Descriptor> last = MakePipe();
    input_ = std::move(last.second);
    output_ = std::move(last.first);
    for (size_t i = 1; i + 1 < pipeline.stages.size(); ++i) Add(pipeline.stages[i], stage);
  }

  Descriptor& input() { return input_; }
  int output() const { return output_.fd(); }

  /// Which stage ended too early, and how.
  std::string Failure() {
    for (auto& [name, process] : processes_) {
      pollfd dead{process->exit_fd(), POLLIN, 0};
      (void)poll(&dead, 1, kPatienceMs);
      const auto status = process->TryReap();
      if (status && *status != 0 && *status != kInputLost)
        return fmt::format("{} exited with status {}", name, *status);
    }
    return "a stage ended before its input did";
  }

 private:
  static constexpr int kPatienceMs = 2000;
  static constexpr int kInputLost = 75;  // the one behind it says only that

  void Add(const StageSpec& spec, const Stage& stage) {
    std::pair<Descriptor, Descriptor> next = MakePipe();
    Program program{.argv = spec.argv};
    program.file = OwnTool(spec.argv[0]);
    program.stdin_fd = output_.fd();
    program.stdout_fd = next.second.fd();
    // Of a test's stages only what goes wrong is worth a line.
    Lines words = stage.log_options;
    if (std::ranges::find(words, "-v") == words.end()) words.emplace_back("-q");
    words.insert(words.end(), {"--report-interval", "0"});
    program.argv.insert(program.argv.begin() + 1, words.begin(), words.end());
    if (!spec.devices.empty())
      program.argv.insert(program.argv.end(), {"--device", spec.devices.front()});
    processes_.emplace_back(spec.name, std::make_unique<Process>(program));
    output_ = std::move(next.first);
  }

  Descriptor input_;
  Descriptor output_;
  std::vector<std::pair<std::string, std::unique_ptr<Process>>> processes_;
};

void Take(const Frame& frame, TestOutcome& outcome) {
  for (size_t i = 0; i < frame.record_count(); ++i) {
    const RecordView record = frame.record(i);
    const size_t line = static_cast<size_t>(record.offset) + 1;
    if (record.state == RecordState::kOk) {
      outcome.output.push_back({line, std::string(record.value.value_or("null"))});
    } else if (record.state == RecordState::kFailed) {
      outcome.failures.push_back({line, std::string(record.failure.stage),
                                  std::string(record.failure.code),
                                  std::string(record.failure.message)});
    }
  }
}

void Receive(int fd, TestOutcome& outcome) {
  PipeSource source(fd, frame_format::kDefaultMaxFrame);
  while (!source.ended()) {
    if (const auto frame = source.TryReceive()) {
      Take(*frame, outcome);
      continue;
    }
    pollfd readable{fd, POLLIN, 0};
    if (!source.ended()) (void)poll(&readable, 1, -1);
  }
}

void WriteFile(const std::string& path, const std::string& text) {
  constexpr mode_t kAsUmaskSays = 0666;
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kAsUmaskSays));
  const int reason = file.fd() < 0 ? errno : WriteAll(file.fd(), text);
  if (reason == 0) return;
  std::error_code ignored;
  // Half a report is none.
  if (file.fd() >= 0 && std::filesystem::is_regular_file(path, ignored))
    std::filesystem::remove(path, ignored);
  throw Error(ErrorKind::kIo, fmt::format("{} cannot be written: {}", path, std::strerror(reason)));
}

}  // namespace

TestOutcome RunStages(const Pipeline& pipeline, const Lines& input, const Stage& stage) {
  TestOutcome outcome;
  Chain chain(pipeline, stage);
  const Feeder feeder(input, std::move(chain.input()));
  try {
    Receive(chain.output(), outcome);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kTryAgain) throw;
    outcome.error = chain.Failure();
  }
  return outcome;
}

bool RunTests(const Pipeline& pipeline, const std::string& junit, const Stage& stage) {
  if (pipeline.tests.empty()) {
    throw Error(
        ErrorKind::kConfiguration,
        fmt::format("{} has no tests: add a section [[test]] (see rk-run(1))", pipeline.name));
  }
  std::vector<TestResult> results;
  for (const TestSpec& spec : pipeline.tests) {
    const auto began = steady_clock::now();
    const std::vector<std::string> diff =
        JudgeTest(spec, RunStages(pipeline, spec.input.Read(), stage));
    results.push_back(
        {spec.name, std::chrono::duration<double>(steady_clock::now() - began).count(), diff});
  }
  WriteOutput(STDOUT_FILENO, TestReportText(results));
  if (!junit.empty()) WriteFile(junit, TestReportJUnit(pipeline.name, results));
  return std::ranges::all_of(results, [](const TestResult& one) { return one.diff.empty(); });
}

}  // namespace rk
