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

// For LastWords(), which is a signal's and may use little else.
std::atomic<int> dying_from = -1;
std::atomic<int> dying_to = -1;
std::array<char, 512> dying_json = {};  // what stands before a line of JSON; empty: no JSON

void WriteSome(const char* bytes, size_t count) { (void)!write(dying_to, bytes, count); }

// A line of JSON in one write. What is no plain ASCII becomes a question mark.
void WriteJsonLine(const char* bytes, size_t count) {
  std::array<char, 2048> line;
  size_t length = strnlen(dying_json.data(), dying_json.size());
  std::memcpy(line.data(), dying_json.data(), length);
  for (size_t i = 0; i < count && length < line.size() - 5; ++i) {
    const char byte = bytes[i];
    if (byte == '"' || byte == '\\') line[length++] = '\\';
    line[length++] = byte >= 0x20 && byte < 0x7F ? byte : '?';
  }
  std::memcpy(line.data() + length, "\"}\n", 3);
  WriteSome(line.data(), length + 3);
}

void WriteJsonLines(const char* bytes, size_t count) {
  while (count > 0) {
    const void* found = std::memchr(bytes, '\n', count);
    const size_t length =
        found == nullptr ? count : static_cast<size_t>(static_cast<const char*>(found) - bytes);
    if (length > 0) WriteJsonLine(bytes, length);
    const size_t taken = std::min(length + 1, count);
    bytes += taken;
    count -= taken;
  }
}

void LastWords(int signal) {
  constexpr int kForTheRelayMs = 50;  // whose thread may have read some of them
  std::array<char, 4096> bytes;
  ssize_t count = 0;
  while ((count = read(dying_from, bytes.data(), bytes.size())) > 0) {
    const auto length = static_cast<size_t>(count);
    dying_json[0] == '\0' ? WriteSome(bytes.data(), length) : WriteJsonLines(bytes.data(), length);
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
  Tell(repeats_.End(), take);
}

void ForeignLines::EndLine(Time now, const Take& take) {
  const std::string line = std::exchange(line_, "");
  if (line.find_first_not_of(" \t\r") == std::string::npos) return;
  Tell(repeats_.TakeLeftOut(now), take);
  if (repeats_.Admit(limit_ == Limit::kAll ? "" : KindOfLine(line), line, now)) take(line);
}

void ForeignLines::Tell(const std::vector<RepeatLimit::LeftOut>& left_out, const Take& take) const {
  for (const RepeatLimit::LeftOut& one : left_out) {
    take(limit_ == Limit::kAll
             ? fmt::format("({} more lines)", one.count)
             : fmt::format("({} more lines like this one) {}", one.count, one.last));
  }
}

ForeignOutput::ForeignOutput(Log log, int last_words, ForeignVoice voice)
    : log_(std::move(log)), voice_(std::move(voice)), last_words_(last_words) {
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
  const std::string json =
      voice_.json_origin.empty()
          ? ""
          : fmt::format("{{{},\"level\":\"error\",\"message\":\"", voice_.json_origin);
  dying_json.fill('\0');
  if (json.size() < dying_json.size()) std::ranges::copy(json, dying_json.begin());
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
  ForeignLines lines(voice_.limit);
  const auto take = [this](std::string_view line) {
    log_(LogLevel::kInfo, fmt::format("printed by {}: {}", voice_.who, line));
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
