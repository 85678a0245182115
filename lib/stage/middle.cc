#include "lib/stage/middle.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "lib/base/error.h"

namespace rk {
namespace {

using std::chrono::nanoseconds;

constexpr std::chrono::milliseconds kLongestWait{1000};
constexpr std::chrono::milliseconds kLeavingWait{50};

bool IsReadable(int fd) {
  pollfd watched{fd, POLLIN, 0};
  return poll(&watched, 1, 0) > 0;
}

void WaitForInput(const Source& source, const Sink& sink, int drain_fd, nanoseconds timeout) {
  std::array<pollfd, 3> fds = {
      {{source.fd(), POLLIN, 0}, {sink.fd(), 0, 0}, {drain_fd, POLLIN, 0}}};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const timespec wait{seconds.count(), (timeout - seconds).count()};
  (void)ppoll(fds.data(), fds.size(), &wait, nullptr);
  if (fds[1].revents != 0) {
    throw Error(ErrorKind::kBrokenPipe, "the next stage is gone");
  }
}

// One that takes and sends frames for a worker.
class Hand {
 public:
  Hand(Source& source, Sink& sink, Worker& worker, Histogram* took)
      : source_(source), sink_(sink), worker_(worker), took_(took) {}

  // Gives the worker what has come, as long as it takes more.
  void Take() {
    while (!worker_.full()) {
      std::optional<Frame> frame = source_.TryReceive();
      if (!frame) return;
      const Worker::Time now = Now();
      taken_.emplace_back(BatchOf(frame->info()), now);
      worker_.Take(*std::move(frame), now);
    }
  }

  void Work() {
    for (Frame& frame : worker_.Work()) {
      const HeldRange batch = BatchOf(frame.info());
      Finish(batch);
      sink_.Give(std::move(frame));
      source_.Done(batch);
    }
  }

  void WorkOff() {
    while (worker_.due()) Work();
  }

  // Until the worker has something to do; at once if it has.
  nanoseconds UntilDue() const {
    const auto due = worker_.due();
    return due ? std::max<nanoseconds>(*due - Now(), nanoseconds(0)) : nanoseconds::max();
  }

 private:
  static Worker::Time Now() { return std::chrono::steady_clock::now(); }

  // Before it is given on: how long that takes is the next stage's doing. A worker has few, or is
  // done with the first ones first.
  void Finish(const HeldRange& batch) {
    const auto taken =
        std::ranges::find_if(taken_, [&](const auto& one) { return one.first == batch; });
    if (taken == taken_.end()) return;
    if (took_ != nullptr) took_->Observe(Now() - taken->second);
    taken_.erase(taken);
  }

  Source& source_;
  Sink& sink_;
  Worker& worker_;
  Histogram* took_;
  std::deque<std::pair<HeldRange, Worker::Time>> taken_;  ///< what the worker has
};

// A function on one frame.
class Transformer : public Worker {
 public:
  explicit Transformer(const std::function<Frame(Frame frame)>& transform)
      : transform_(transform) {}

  bool full() const override { return frame_.has_value(); }
  std::optional<Time> due() const override { return frame_ ? std::optional(Time()) : std::nullopt; }
  void Take(Frame frame, Time /*now*/) override { frame_ = std::move(frame); }
  std::vector<Frame> Work() override {
    std::vector<Frame> done;
    done.push_back(transform_(*std::exchange(frame_, std::nullopt)));
    return done;
  }

 private:
  const std::function<Frame(Frame frame)>& transform_;
  std::optional<Frame> frame_;
};

}  // namespace

void RunMiddle(Source& source, Sink& sink, int drain_fd, Worker& worker, Histogram* took) {
  Hand hand(source, sink, worker, took);
  while (!source.ended()) {
    if (IsReadable(drain_fd)) {
      source.Leave();
      drain_fd = -1;
    }
    try {
      hand.Take();
    } catch (const Error&) {
      hand.WorkOff();
      throw;
    }
    if (source.ended()) break;
    const nanoseconds left = hand.UntilDue();
    if (left == nanoseconds(0)) {
      hand.Work();
    } else {
      const nanoseconds longest = drain_fd < 0 ? kLeavingWait : kLongestWait;
      WaitForInput(source, sink, drain_fd, std::min(left, longest));
    }
  }
  hand.WorkOff();
  sink.Finish(source.origin());
}

void RunMiddle(Source& source, Sink& sink, int drain_fd,
               const std::function<Frame(Frame frame)>& transform, Histogram* took) {
  Transformer worker(transform);
  RunMiddle(source, sink, drain_fd, worker, took);
}

}  // namespace rk
