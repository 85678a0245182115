#include "lib/stage/middle.h"

#include <poll.h>

#include <array>
#include <utility>

#include "lib/batch/error.h"

namespace rk {
namespace {

constexpr int kLongestWaitMs = 1000;
constexpr int kLeavingWaitMs = 50;

bool IsReadable(int fd) {
  pollfd watched{fd, POLLIN, 0};
  return poll(&watched, 1, 0) > 0;
}

void WaitForInput(const Source& source, const Sink& sink, int drain_fd, int timeout_ms) {
  std::array<pollfd, 3> fds = {
      {{source.fd(), POLLIN, 0}, {sink.fd(), 0, 0}, {drain_fd, POLLIN, 0}}};
  (void)poll(fds.data(), fds.size(), timeout_ms);
  if (fds[1].revents != 0) {
    throw Error(ErrorKind::kBrokenPipe, "the stage that reads our output is gone");
  }
}

}  // namespace

void RunMiddle(Source& source, Sink& sink, int drain_fd,
               const std::function<Frame(Frame frame)>& transform) {
  while (!source.ended()) {
    if (IsReadable(drain_fd)) {
      source.Leave();
      drain_fd = -1;  // poll(2) passes it by
    }
    if (std::optional<Frame> frame = source.TryReceive()) {
      Frame result = transform(*std::move(frame));
      const HeldRange batch = BatchOf(result.info());
      sink.Give(std::move(result));
      source.Done(batch);
    } else if (!source.ended()) {
      WaitForInput(source, sink, drain_fd, drain_fd < 0 ? kLeavingWaitMs : kLongestWaitMs);
    }
  }
  sink.Finish(source.origin());
}

}  // namespace rk
