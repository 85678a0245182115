#include "lib/stage/foreign_output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#include <sanitizer/common_interface_defs.h>
#endif

#include "lib/base/error.h"

namespace rk {
namespace {

constexpr size_t kLongestLine = 1000;
constexpr size_t kLinesPerWindow = 10;
constexpr std::chrono::seconds kWindow{10};

// For LastWords(), which is a signal's and may use little else.
std::atomic<int> dying_from = -1;
std::atomic<int> dying_to = -1;

void LastWords(int signal) {
  constexpr int kForTheRelayMs = 50;  // whose thread may have read some of them
  std::array<char, 4096> bytes;
  ssize_t count = 0;
  while ((count = read(dying_from, bytes.data(), bytes.size())) > 0) {
    (void)!write(dying_to, bytes.data(), static_cast<size_t>(count));
  }
  (void)poll(nullptr, 0, kForTheRelayMs);
  raise(signal);  // by now its action is the default one
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Their reports are no library's chatter, and they see signals themselves.
void OnDeath(int last_words) { __sanitizer_set_report_fd(reinterpret_cast<void*>(last_words)); }
#else
void OnDeath(int /*last_words*/) {
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    struct sigaction action = {};
    action.sa_handler = LastWords;
    action.sa_flags = SA_RESETHAND;
    sigaction(signal, &action, nullptr);
  }
}
#endif

}  // namespace

void ForeignLines::Add(std::string_view text, Time now, const Take& take) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    line_ += text.substr(0, std::min(end, kLongestLine - std::min(line_.size(), kLongestLine)));
    if (end == text.size()) return;
    EndLine(now, take);
    text.remove_prefix(end + 1);
  }
}

void ForeignLines::End(Time now, const Take& take) {
  EndLine(now, take);
  TellLeftOut(take);
}

void ForeignLines::EndLine(Time now, const Take& take) {
  const std::string line = std::exchange(line_, "");
  if (line.find_first_not_of(" \t\r") == std::string::npos) return;
  if (now - window_ >= kWindow) {
    window_ = now;
    taken_ = 0;
    TellLeftOut(take);
  }
  if (taken_ == kLinesPerWindow) {
    ++left_out_;
    return;
  }
  ++taken_;
  take(line);
}

void ForeignLines::TellLeftOut(const Take& take) {
  if (left_out_ > 0) take(fmt::format("({} more lines)", left_out_));
  left_out_ = 0;
}

ForeignOutput::ForeignOutput(Log log, int last_words)
    : log_(std::move(log)), last_words_(last_words) {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) {
    throw Error(ErrorKind::kIo,
                fmt::format("no pipe for what libraries print: {}", std::strerror(errno)));
  }
  read_end_ = Descriptor(ends[0]);
  const Descriptor write_end(ends[1]);
  fcntl(read_end_.fd(), F_SETFL, O_NONBLOCK);
  // Else it keeps what is printed until it has 4 KiB. Without a buffer of ours a stream that was in
  // use would go on as it was.
  static std::array<char, BUFSIZ> buffer;
  std::setvbuf(stdout, buffer.data(), _IOLBF, buffer.size());
  dup2(write_end.fd(), STDOUT_FILENO);
  dup2(write_end.fd(), STDERR_FILENO);
  dying_from = read_end_.fd();
  dying_to = last_words_;
  OnDeath(last_words_);
  thread_ = std::thread([this] { Relay(); });
}

ForeignOutput::~ForeignOutput() {
  std::fflush(stdout);
  dup2(last_words_, STDOUT_FILENO);
  dup2(last_words_, STDERR_FILENO);
  done_.Set();
  thread_.join();
  dying_from = -1;
}

void ForeignOutput::Relay() {
  using Clock = std::chrono::steady_clock;
  ForeignLines lines;
  const auto take = [this](std::string_view line) {
    log_(LogLevel::kInfo, fmt::format("printed by the model or a library: {}", line));
  };
  std::array<char, 4096> bytes;
  while (true) {
    std::array<pollfd, 2> fds = {{{read_end_.fd(), POLLIN, 0}, {done_.fd(), POLLIN, 0}}};
    (void)poll(fds.data(), fds.size(), -1);
    const ssize_t count = read(read_end_.fd(), bytes.data(), bytes.size());
    if (count > 0) {
      lines.Add({bytes.data(), static_cast<size_t>(count)}, Clock::now(), take);
    } else if (fds[1].revents != 0) {
      return lines.End(Clock::now(), take);
    }
  }
}

}  // namespace rk
