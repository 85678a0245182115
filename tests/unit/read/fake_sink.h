#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "lib/base/error.h"
#include "lib/link/sink.h"

namespace rk {

/// Keeps what is sent. Any thread.
class FakeSink : public Sink {
 public:
  bool is_lossy = false;
  bool is_acknowledged = true;
  std::optional<Error> send_error;

  void Send(const Frame& frame) override {
    if (send_error) throw *send_error;
    const std::lock_guard lock(mutex_);
    sent_.push_back(frame.Clone());
    changed_.notify_all();
  }
  void Finish(const Origin& /*origin*/) override { finished = true; }
  int fd() const override { return -1; }
  bool acknowledged() const override { return is_acknowledged; }
  bool lossy() const override { return is_lossy; }

  /// Waits until so many frames have been sent in all; false if they do not come.
  bool WaitForSent(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return sent_.size() >= count; });
  }
  size_t sent_count() {
    const std::lock_guard lock(mutex_);
    return sent_.size();
  }
  Frame sent(size_t index) {
    const std::lock_guard lock(mutex_);
    return sent_.at(index).Clone();
  }

  std::atomic<bool> finished = false;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Frame> sent_;
};

}  // namespace rk
