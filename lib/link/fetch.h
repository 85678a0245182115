#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <zmq.hpp>

#include "lib/link/link_observer.h"
#include "lib/link/ready_message.h"
#include "lib/link/source.h"
#include "lib/link/zmq_socket.h"

namespace rk {

/// Frames from a server, on demand (DEALER, which connects). The server is told what this stage
/// holds at each change that it waits for: a frame done, and room where it knows of none. A thread
/// of its own tells it every 500 ms besides, so that a long call of a model never looks like death.
/// All else is for one thread.
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
  int fd() const override { return ready_.fd(); }

 private:
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;

  void Loop(const std::stop_token& stop);
  void Connect();
  void Receive();
  void Hear(const zmq::message_t& message);
  void Tell();
  ReadyMessage State() const;
  uint32_t Room() const;
  uint32_t RoomKnown() const;

  Options options_;
  LinkObserver observer_;
  const Origin instance_ = RandomOrigin();
  zmq::context_t context_;
  ReadyFd ready_;
  Origin origin_{};

  mutable std::mutex mutex_;  ///< guards what follows, and ready_'s changes
  zmq::socket_t socket_;
  std::deque<Frame> frames_;
  std::map<HeldRange, size_t> held_;  ///< how many frames of each are not done
  size_t held_frames_ = 0;
  uint64_t received_ = 0;
  uint32_t told_room_ = 0;      ///< what the server was told last,
  uint64_t told_received_ = 0;  ///< and when
  std::optional<Clock::time_point> left_at_;
  bool answered_ = false;  ///< nothing more will come
  std::exception_ptr failure_;

  std::condition_variable_any stopped_;
  std::jthread thread_;
};

}  // namespace rk
