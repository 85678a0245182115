#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include <zmq.hpp>

#include "lib/batch/event_fd.h"
#include "lib/link/link_observer.h"
#include "lib/link/ready_message.h"
#include "lib/link/source.h"
#include "lib/link/zmq_socket.h"

namespace rk {

/// Frames from a server, on demand (DEALER, which connects). A thread of its own takes them and
/// tells the server what this stage holds, every 500 ms, so that a long call of a model never looks
/// like death, and on every change that the server does not make itself by sending a frame. The
/// rest is for one thread.
class FetchSource : public Source {
 public:
  struct Options {
    std::string address;
    size_t max_frame = 0;
    /// Frames that are here and not done at most; for a stage that does not isolate, frames that
    /// it has not yet received: what a writer holds back must not keep out what it waits for.
    size_t prefetch = 2;
    bool isolates = true;  ///< see ReadyMessage
  };

  /// Throws Error(kIo).
  FetchSource(Options options, LinkObserver observer);
  ~FetchSource() override;

  std::optional<Frame> TryReceive() override;
  void Done(const HeldRange& batch) override;
  void Leave() override;
  bool ended() const override;
  Origin origin() const override { return origin_; }
  int fd() const override { return arrived_.fd(); }

 private:
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;

  void Loop(const std::stop_token& stop);
  void Connect();
  void Receive();
  void Take(Frame frame);
  void Report(Clock::time_point now);
  ReadyMessage State() const;

  Options options_;
  LinkObserver observer_;
  const Origin instance_ = RandomOrigin();
  zmq::context_t context_;
  zmq::socket_t socket_;  ///< the thread's, as is ready_
  std::optional<ReadyFd> ready_;
  EventFd wake_;
  EventFd arrived_;
  Origin origin_{};

  mutable std::mutex mutex_;  ///< guards what follows
  std::deque<Frame> frames_;
  std::map<HeldRange, size_t> held_;  ///< how many frames of each are not done
  size_t held_frames_ = 0;
  uint64_t received_ = 0;
  bool changed_ = true;  ///< since the server was told
  bool leaving_ = false;
  bool answered_ = false;  ///< nothing more will come
  std::exception_ptr failure_;

  Clock::time_point next_report_;  ///< the thread's
  Clock::time_point left_at_ = Clock::time_point::max();
  std::jthread thread_;
};

}  // namespace rk
