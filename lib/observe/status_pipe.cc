#include "lib/observe/status_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <string>

namespace rk {
namespace {

constexpr std::chrono::seconds kBetweenMetrics{1};

}  // namespace

StatusPipe::StatusPipe(int fd, Metrics& metrics) : fd_(fd), metrics_(metrics) {
  fcntl(fd_, F_SETFD, FD_CLOEXEC);
  thread_ = std::thread([this] { Run(); });
}

StatusPipe::~StatusPipe() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stop_changed_.notify_one();
  thread_.join();
  Write(metrics_.Export());
  close(fd_);
}

void StatusPipe::Ready() {
  const std::lock_guard lock(mutex_);
  Write("ready");
}

void StatusPipe::Run() {
  std::unique_lock lock(mutex_);
  while (!stop_changed_.wait_for(lock, kBetweenMetrics, [this] { return stop_; }))
    Write(metrics_.Export());
}

// The description may be shared with others, so it is not made non-blocking: a pipe that poll(2)
// says can be written takes PIPE_BUF bytes, more than any line of ours, without waiting.
void StatusPipe::Write(std::string_view line) {
  pollfd writable = {fd_, POLLOUT, 0};
  if (poll(&writable, 1, 0) != 1 || (writable.revents & POLLOUT) == 0) return;
  const std::string text = std::string(line) + '\n';
  [[maybe_unused]] const ssize_t written = write(fd_, text.data(), text.size());
}

}  // namespace rk
