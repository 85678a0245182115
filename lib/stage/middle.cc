#include "lib/stage/middle.h"

#include <poll.h>

#include <array>

#include "lib/batch/error.h"

namespace rk {
namespace {

constexpr int kLongestWaitMs = 1000;

void WaitForInput(const Source& source, const Sink& sink) {
  std::array<pollfd, 2> fds = {{{source.fd(), POLLIN, 0}, {sink.fd(), 0, 0}}};
  (void)poll(fds.data(), fds.size(), kLongestWaitMs);
  if (fds[1].revents != 0) {
    throw Error(ErrorKind::kBrokenPipe, "the stage that reads our output is gone");
  }
}

}  // namespace

void RunMiddle(Source& source, Sink& sink, const std::function<Frame(const Frame&)>& transform) {
  while (true) {
    while (const std::optional<Frame> frame = source.TryReceive()) sink.Send(transform(*frame));
    if (source.ended()) break;
    WaitForInput(source, sink);
  }
  sink.Finish(source.origin());
}

}  // namespace rk
