#include "lib/observe/status_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <string>

#include "lib/observe/text_forms.h"

namespace rk {
namespace {

constexpr std::chrono::seconds kBetweenMetrics{1};

}  // namespace

StatusPipe::StatusPipe(int fd, const Metrics& metrics, Clock::time_point now)
    : fd_(fd), metrics_(metrics), due_(now + kBetweenMetrics) {
  fcntl(fd_, F_SETFD, FD_CLOEXEC);
}

StatusPipe::~StatusPipe() {
  Write(WireLine(metrics_.Snapshot()));
  close(fd_);
}

void StatusPipe::Ready() { Write("ready"); }

void StatusPipe::Drained() { Write("drained"); }

void StatusPipe::OnTick(Clock::time_point now) {
  if (now < due_) return;
  due_ = now + kBetweenMetrics;
  Write(WireLine(metrics_.Snapshot()));
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
