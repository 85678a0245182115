#include "lib/map/coprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/batch/buffer.h"
#include "lib/process/spawn.h"

namespace rk {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = LineFailure::Kind;
using std::chrono::milliseconds;

constexpr milliseconds kGrace{1000};  // from the end of its input to the end of it
constexpr size_t kReadBytes = size_t{64} * 1024;
constexpr int kShellCannotRun = 126;
constexpr int kShellCannotFind = 127;

int LeftMs(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::max<milliseconds::rep>(left.count(), 0));
}

void SetNonBlocking(const Descriptor& end) {
  fcntl(end.fd(), F_SETFL, fcntl(end.fd(), F_GETFL) | O_NONBLOCK);
}

std::string Ending(int status) {
  return status > 128 ? fmt::format("signal {}", status - 128)
                      : fmt::format("exit status {}", status);
}

class Coprocess : public LineProgram {
 public:
  Coprocess(const std::string& command, milliseconds silence, size_t longest)
      : silence_(silence), longest_(longest) {
    auto [their_input, our_output] = MakePipe();
    auto [our_input, their_output] = MakePipe();
    SetNonBlocking(our_output);
    SetNonBlocking(our_input);
    Program program{.argv = {"/bin/sh", "-c", command}};
    program.setting = "RK_MAP_EXEC=1";
    program.with_descendants = true;
    program.stdin_fd = their_input.fd();
    program.stdout_fd = their_output.fd();
    process_ = std::make_unique<Process>(program);
    output_ = std::move(our_output);
    input_ = std::move(our_input);
  }

  ~Coprocess() override {
    output_.Close();
    input_.Close();
    WaitForExit(kGrace);
  }

  Coprocess(const Coprocess&) = delete;
  Coprocess& operator=(const Coprocess&) = delete;

  void Send(std::string_view lines) override {
    pending_.erase(0, written_);
    written_ = 0;
    pending_ += lines;
    sent_last_ = lines.size();
  }

  std::string_view Receive() override {
    const auto deadline = Clock::now() + silence_;
    for (;;) {
      if (const auto line = NextLine()) return *line;
      WaitForEither(deadline);
      if (written_ < pending_.size()) Write();
      Read();
    }
  }

 private:
  // The bytes of the last line stay where they are until the next call: Read() comes after this.
  std::optional<std::string_view> NextLine() {
    const std::string_view got = got_.view().substr(taken_);
    const size_t end = got.find('\n', searched_);
    if (end != std::string_view::npos) {
      taken_ += end + 1;
      searched_ = 0;
      return got.substr(0, end);
    }
    searched_ = got.size();
    if (searched_ > longest_) {
      throw LineFailure(Kind::kTooLong,
                        fmt::format("the program wrote a line of more than {} bytes", longest_));
    }
    return std::nullopt;
  }

  void WaitForEither(Clock::time_point deadline) {
    const bool writes = written_ < pending_.size();
    std::array<pollfd, 2> fds = {
        {{input_.fd(), POLLIN, 0}, {writes ? output_.fd() : -1, POLLOUT, 0}}};
    if (poll(fds.data(), fds.size(), LeftMs(deadline)) != 0) return;  // also for EINTR
    if (Clock::now() < deadline) return;
    process_->Kill();
    throw LineFailure(Kind::kSilent,
                      fmt::format("the program was silent for {:.3g} s: does it buffer its output?",
                                  std::chrono::duration<double>(silence_).count()));
  }

  void Write() {
    const ssize_t count =
        write(output_.fd(), pending_.data() + written_, pending_.size() - written_);
    if (count >= 0) {
      written_ += static_cast<size_t>(count);
    } else if (errno == EPIPE) {
      unread_ = pending_.size() - written_ + InPipe();
      pending_.clear();  // it may have said something before it stopped reading
      written_ = 0;
    } else if (errno != EAGAIN && errno != EINTR) {
      throw Error(ErrorKind::kIo,
                  fmt::format("cannot write to the program: {}", std::strerror(errno)));
    }
  }

  void Read() {
    MakeRoom();
    const size_t before = got_.size();
    char* const room = got_.Extend(kReadBytes);
    const ssize_t count = read(input_.fd(), room, kReadBytes);
    const int reason = errno;
    got_.Truncate(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) FailDead();
    if (count < 0 && reason != EAGAIN && reason != EINTR) {
      throw Error(ErrorKind::kIo,
                  fmt::format("cannot read from the program: {}", std::strerror(reason)));
    }
  }

  // What was taken goes, once it is most of what there is.
  void MakeRoom() {
    if (taken_ < kReadBytes || taken_ < got_.size() / 2) return;
    const size_t left = got_.size() - taken_;
    std::memmove(got_.data(), got_.data() + taken_, left);
    got_.Truncate(left);
    taken_ = 0;
  }

  [[noreturn]] void FailDead() {
    const bool read_nothing =
        unread_ + pending_.size() - written_ + InPipe() >= sent_last_ && sent_last_ > 0;
    const auto status = WaitForExit(kGrace);
    if (!status) process_->Kill();
    const std::string how = status ? Ending(*status) : "it closed its standard output";
    const int code = status.value_or(0);
    if (read_nothing && (code == kShellCannotRun || code == kShellCannotFind)) {
      throw Error(ErrorKind::kMissing,
                  fmt::format("the shell cannot run the program of --exec: {}", how));
    }
    throw LineFailure(read_nothing ? Kind::kNeverRead : Kind::kDied,
                      fmt::format("the program exited: {}", how));
  }

  // Bytes that it has not read of what was written.
  size_t InPipe() const {
    int count = 0;
    return unread_ == 0 && ioctl(output_.fd(), FIONREAD, &count) == 0 ? static_cast<size_t>(count)
                                                                      : 0;
  }

  std::optional<int> WaitForExit(milliseconds limit) {
    pollfd exit{process_->exit_fd(), POLLIN, 0};
    const auto deadline = Clock::now() + limit;
    while (poll(&exit, 1, LeftMs(deadline)) < 0 && errno == EINTR) {
    }
    return process_->TryReap();
  }

  milliseconds silence_;
  size_t longest_;
  Descriptor output_;
  Descriptor input_;
  std::unique_ptr<Process> process_;
  std::string pending_;  // to be written, from written_ on
  size_t written_ = 0;
  size_t sent_last_ = 0;
  size_t unread_ = 0;  // when it had stopped reading
  Buffer got_;         // of which taken_ bytes are done with, and searched_ more have no line end
  size_t taken_ = 0;
  size_t searched_ = 0;
};

}  // namespace

StartProgram CoprocessStarter(std::string command, milliseconds silence, size_t longest) {
  return [command = std::move(command), silence, longest]() -> std::unique_ptr<LineProgram> {
    return std::make_unique<Coprocess>(command, silence, longest);
  };
}

}  // namespace rk
