#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "lib/observe/metrics.h"

namespace rk {

/// What a stage tells the supervisor that started it (--status-fd), in lines: `ready` when it can
/// work, `waits ` and why where another machine keeps it from that or no longer does, its metrics
/// (WireLines) every second and once at the end, and `drained` where it ends because a signal asked
/// for it, not because its input is over. A reader that is slow or gone never harms the stage: a
/// line that does not fit in the pipe is left out. Decides by the clock that it is handed.
class StatusPipe {
 public:
  using Clock = std::chrono::steady_clock;

  /// Takes `fd`, which is open for writing, and keeps it from programs that this one starts.
  /// `metrics` must outlive this.
  StatusPipe(int fd, const Metrics& metrics, Clock::time_point now);
  /// Writes the last metrics and closes the descriptor.
  ~StatusPipe();
  StatusPipe(const StatusPipe&) = delete;
  StatusPipe& operator=(const StatusPipe&) = delete;

  // Any thread:

  /// Why one of its links does not work; an empty text: it does.
  void Waits(const std::string& link, const std::string& why);
  void Ready();
  void Drained();

  /// Writes the metrics if that is due. One thread at a time, as next_due().
  void OnTick(Clock::time_point now);
  Clock::time_point next_due() const { return due_; }

 private:
  void Tell();
  std::optional<std::string> Waiting();
  void Write(std::string_view line);

  int fd_;
  const Metrics& metrics_;
  Clock::time_point due_;
  std::mutex mutex_;                          ///< a line at a time; guards what follows
  std::map<std::string, std::string> waits_;  ///< by link
};

}  // namespace rk
