#include "lib/balance/serve_sink.h"

#include <poll.h>

#include <array>
#include <utility>

namespace rk {

ServeSink::ServeSink(const Options& options, std::function<bool()> draining, LinkObserver observer)
    : draining_(std::move(draining)), server_(options, std::move(observer)) {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      Loop(stop);
    } catch (...) {
      const Lock lock(mutex_);
      failure_ = std::current_exception();
    }
    changed_.notify_all();
  });
}

ServeSink::~ServeSink() {
  thread_.request_stop();
  wake_.Set();
  thread_.join();
}

void ServeSink::CheckNeighbour() {
  const Lock lock(mutex_);
  if (!server_.Idle() && Deserted()) throw server_.NobodyCame();
}

bool ServeSink::Deserted() const { return server_.nobody_came() && draining_(); }

// The thread notifies at each tick at least.
template <typename Condition>
void ServeSink::WaitUntil(Lock& lock, Condition&& condition) {
  changed_.wait(lock, [&] { return failure_ || condition() || Deserted(); });
  if (failure_) std::rethrow_exception(failure_);
  if (!condition()) throw server_.NobodyCame();
}

void ServeSink::Give(Frame frame) {
  Lock lock(mutex_);
  WaitUntil(lock, [&] { return server_.HasRoom(); });
  server_.Add(FrameMessage(std::move(frame)), Clock::now());
}

void ServeSink::Finish(const Origin& /*origin*/) {
  Lock lock(mutex_);
  WaitUntil(lock, [&] { return server_.Idle(); });
}

void ServeSink::Loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::array<pollfd, 2> watched{pollfd{server_.fd(), POLLIN, 0}, pollfd{wake_.fd(), POLLIN, 0}};
    (void)poll(watched.data(), watched.size(), int{FrameServer::kBetweenTicks.count()});
    {
      const Lock lock(mutex_);
      server_.Serve(Clock::now());
    }
    changed_.notify_all();
  }
}

}  // namespace rk
