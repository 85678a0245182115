#include "lib/run/child.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "lib/process/spawn.h"
#include "lib/run/own_tools.h"

namespace rk {
namespace {

constexpr size_t kLongestLine = 1 << 16;

// infer.0 of credit is credit/infer/0.
std::string SettingOf(const std::string& pipeline, const ProcessSpec& spec) {
  const size_t dot = spec.name.rfind('.');
  return fmt::format("RK_STAGE={}/{}/{}", pipeline, spec.name.substr(0, dot),
                     spec.name.substr(dot + 1));
}

Program WithStatusPipe(const std::string& pipeline, const ProcessSpec& spec,
                       const std::string& runtime_dir, int status_fd) {
  Program program{.argv = spec.argv, .runtime_dir = runtime_dir, .kept_fd = status_fd};
  program.setting = SettingOf(pipeline, spec);
  program.file = OwnTool(spec.argv[0]);
  if (spec.with_stdin) program.stdin_fd = STDIN_FILENO;
  program.argv.insert(program.argv.end(), {"--status-fd", std::to_string(status_fd)});
  return program;
}

class ChildProcess : public Child {
 public:
  ChildProcess(const std::string& pipeline, const ProcessSpec& spec, const std::string& runtime_dir,
               std::pair<Descriptor, Descriptor> status)
      : process_(WithStatusPipe(pipeline, spec, runtime_dir, status.second.fd())),
        status_(std::move(status.first)) {
    fcntl(status_.fd(), F_SETFL, O_NONBLOCK);
  }

  pid_t pid() const override { return process_.pid(); }
  void Signal(int signal) override { process_.Signal(signal); }
  std::optional<int> TryReap() override { return process_.TryReap(); }
  int exit_fd() const override { return process_.exit_fd(); }
  int status_fd() const override { return status_.fd(); }

  std::vector<std::string> ReadLines() override {
    std::array<char, 4096> bytes;
    ssize_t count = 0;
    while (status_.fd() >= 0) {
      count = read(status_.fd(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      text_.append(bytes.data(), static_cast<size_t>(count));
    }
    if (count == 0) status_.Close();
    return TakeLines();
  }

 private:
  std::vector<std::string> TakeLines() {
    std::vector<std::string> lines;
    size_t begin = 0;
    for (size_t end; (end = text_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      lines.push_back(text_.substr(begin, end - begin));
    }
    text_.erase(0, begin);
    if (text_.size() > kLongestLine) text_.clear();
    return lines;
  }

  Process process_;
  Descriptor status_;
  std::string text_;  // of a line that is not complete yet
};

}  // namespace

StartChild ChildStarter(std::string pipeline, std::string runtime_dir) {
  return [pipeline = std::move(pipeline),
          runtime_dir = std::move(runtime_dir)](const ProcessSpec& spec) {
    return std::make_unique<ChildProcess>(pipeline, spec, runtime_dir, MakePipe());
  };
}

}  // namespace rk
