#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "lib/balance/frame_server.h"
#include "lib/base/event_fd.h"
#include "lib/link/sink.h"

namespace rk {

/// A FrameServer behind a stage that has its own work to do. Send() sends at once what a fetcher
/// has asked for, and blocks while the queue is full; a thread of its own serves the fetchers
/// meanwhile. Send(), Give() and Finish() are for one thread.
class ServeSink : public Sink {
 public:
  using Options = FrameServer::Options;

  /// Once `draining()`, which any thread may call, nobody is waited for who never came: then the
  /// calls that would wait throw Error(kTryAgain). Throws Error(kConfiguration), Error(kIo).
  ServeSink(const Options& options, std::function<bool()> draining, LinkObserver observer);
  ~ServeSink() override;

  void Send(const Frame& frame) override { Give(frame.Clone()); }
  void Give(Frame frame) override;
  /// Waits until nothing is queued and every fetcher is done with what it got.
  void Finish(const Origin& origin) override;
  int fd() const override { return -1; }
  void CheckNeighbour() override;
  bool lossy() const override { return true; }

 private:
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;

  void Loop(const std::stop_token& stop);
  bool Deserted() const;
  template <typename Condition>
  void WaitUntil(Lock& lock, Condition&& condition);

  std::function<bool()> draining_;
  EventFd wake_;
  std::condition_variable changed_;
  std::mutex mutex_;  ///< guards what follows
  FrameServer server_;
  std::exception_ptr failure_;  ///< what ended the thread
  std::jthread thread_;
};

}  // namespace rk
