#pragma once

#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>

#include "lib/observe/metrics.h"

namespace rk {

/// What a stage tells the supervisor that started it (--status-fd), in lines: `ready` when it can
/// work, and the line of Metrics::Export() every second and once at the end. A reader that is slow
/// or gone never harms the stage: a line that does not fit in the pipe is left out.
class StatusPipe {
 public:
  /// Takes `fd`, which is open for writing, and keeps it from programs that this one starts.
  /// `metrics` must outlive this.
  StatusPipe(int fd, Metrics& metrics);
  /// Writes the last metrics and closes the descriptor.
  ~StatusPipe();
  StatusPipe(const StatusPipe&) = delete;
  StatusPipe& operator=(const StatusPipe&) = delete;

  /// Any thread.
  void Ready();

 private:
  void Run();
  void Write(std::string_view line);  ///< under the lock

  int fd_;
  Metrics& metrics_;
  std::mutex mutex_;
  bool stop_ = false;
  std::condition_variable stop_changed_;
  std::thread thread_;
};

}  // namespace rk
