#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "lib/link/fetch_socket.h"
#include "lib/link/source.h"

namespace rk {

/// Frames from a server, on demand, for a stage that reads the records. A thread of its own tells
/// the server every 500 ms that this one lives, so that a long call of a model never looks like
/// death. All else is for one thread.
class FetchSource : public Source {
 public:
  using Options = FetchSocket::Options;

  /// Throws Error(kIo).
  FetchSource(Options options, LinkObserver observer);
  ~FetchSource() override;

  std::optional<Frame> TryReceive() override;
  void Done(const HeldRange& batch) override;
  void Abandon() override;
  void Leave() override;
  bool ended() const override;
  Origin origin() const override { return origin_; }
  int fd() const override { return socket_.fd(); }

 private:
  using Lock = std::unique_lock<std::mutex>;

  void Loop(const std::stop_token& stop);
  std::optional<FrameMessage> TryReceiveMessage();

  LinkObserver observer_;
  Origin origin_{};
  mutable std::mutex mutex_;  ///< guards what follows
  FetchSocket socket_;
  std::exception_ptr failure_;
  std::condition_variable_any stopped_;
  std::jthread thread_;
};

}  // namespace rk
