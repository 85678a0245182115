#include "lib/observe/status_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "lib/observe/text_forms.h"

namespace rk {
namespace {

constexpr std::chrono::seconds kBetweenMetrics{1};
// A pipe holds 64 KiB. What is over this has nobody read for seconds: metrics have time.
constexpr int kMostUnread = 16 << 10;

bool IsRead(int fd) {
  int unread = 0;
  return ioctl(fd, FIONREAD, &unread) != 0 || unread <= kMostUnread;
}

}  // namespace

StatusPipe::StatusPipe(int fd, const Metrics& metrics, Clock::time_point now)
    : fd_(fd), metrics_(metrics), due_(now + kBetweenMetrics) {
  fcntl(fd_, F_SETFD, FD_CLOEXEC);
}

StatusPipe::~StatusPipe() {
  Tell();
  close(fd_);
}

void StatusPipe::Waits(const std::string& link, const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    waits_[link] = why;
  }
  Write(*Waiting());
}

// The line, where there has been something to wait for; of several reasons the first.
std::optional<std::string> StatusPipe::Waiting() {
  const std::lock_guard lock(mutex_);
  if (waits_.empty()) return std::nullopt;
  std::string first;
  for (const auto& [link, why] : waits_) {
    if (first.empty()) first = why;
  }
  std::ranges::replace(first, '\n', ' ');
  return "waits " + first;
}

void StatusPipe::Ready() { Write("ready"); }

void StatusPipe::Drained() { Write("drained"); }

void StatusPipe::OnTick(Clock::time_point now) {
  if (now < due_) return;
  due_ = now + kBetweenMetrics;
  if (IsRead(fd_)) Tell();
}

void StatusPipe::Tell() {
  if (const auto waiting = Waiting()) Write(*waiting);
  for (const std::string& line : WireLines(metrics_.Snapshot())) Write(line);
}

// The description may be shared with others, so it is not made non-blocking: a pipe that poll(2)
// says can be written takes PIPE_BUF bytes, more than any line of ours, without waiting.
void StatusPipe::Write(std::string_view line) {
  const std::lock_guard lock(mutex_);
  pollfd writable = {fd_, POLLOUT, 0};
  if (poll(&writable, 1, 0) != 1 || (writable.revents & POLLOUT) == 0) return;
  const std::string text = std::string(line) + '\n';
  [[maybe_unused]] const ssize_t written = write(fd_, text.data(), text.size());
}

}  // namespace rk
