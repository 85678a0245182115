#include "lib/run/tool_options.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "lib/base/descriptor.h"
#include "lib/base/error.h"
#include "lib/codec/json/list.h"
#include "lib/process/spawn.h"
#include "lib/run/own_tools.h"
#include "lib/stage/exit_code.h"

namespace rk {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{30};

// A tool that prints its options.
class Asked {
 public:
  Asked(const ToolCommand& command, std::pair<Descriptor, Descriptor> output)
      : where_(command.where), name_(command.argv[0]), output_(std::move(output.first)) {
    Program program{.argv = command.argv, .stdout_fd = output.second.fd()};
    program.file = OwnTool(name_);
    program.argv.emplace_back("--print-options");
    process_ = std::make_unique<Process>(program);
  }

  ToolOptions Answer(Clock::time_point deadline) {
    while (ReadSome(deadline)) continue;
    Await(process_->exit_fd(), deadline);
    const int status = process_->TryReap().value_or(kExitBug);
    if (status != 0)
      throw Error(status == kExitUsage ? ErrorKind::kConfiguration : ErrorKindOf(status),
                  fmt::format("{}: {} refuses its command: see above", where_, name_));
    return ToolOptions(std::move(text_));
  }

 private:
  // False at the end.
  bool ReadSome(Clock::time_point deadline) {
    Await(output_.fd(), deadline);
    std::array<char, 4096> bytes;
    const ssize_t count = read(output_.fd(), bytes.data(), bytes.size());
    if (count > 0) text_.append(bytes.data(), static_cast<size_t>(count));
    return count > 0 || (count < 0 && errno == EINTR);
  }

  void Await(int fd, Clock::time_point deadline) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd watched{fd, POLLIN, 0};
    if (poll(&watched, 1, static_cast<int>(std::max<int64_t>(left.count(), 0))) > 0) return;
    throw Error(ErrorKind::kUnavailable,
                fmt::format("{} did not say its options within {} s", name_, kPatience.count()));
  }

  std::string where_;
  std::string name_;
  Descriptor output_;
  std::unique_ptr<Process> process_;
  std::string text_;
};

}  // namespace

std::vector<std::string> ToolOptions::values(std::string_view name) const {
  return ListStrings(json_, name);
}

std::string ToolOptions::value(std::string_view name) const {
  const std::vector<std::string> all = values(name);
  return all.empty() ? "" : all.back();
}

bool ToolOptions::given(std::string_view name) const {
  return std::ranges::count(values("given"), name) > 0;
}

std::vector<ToolOptions> AskToolOptions(const std::vector<ToolCommand>& commands) {
  const Clock::time_point deadline = Clock::now() + kPatience;
  std::vector<Asked> asked;
  for (const ToolCommand& command : commands) asked.emplace_back(command, MakePipe());
  std::vector<ToolOptions> answers;
  for (Asked& tool : asked) answers.push_back(tool.Answer(deadline));
  return answers;
}

}  // namespace rk
