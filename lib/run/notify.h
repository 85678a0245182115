#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace rk {

/// The manager that started this process and wants to hear of it, where there is one: systemd, by
/// NOTIFY_SOCKET (sd_notify(3)). What cannot be sent is dropped. One thread.
class SystemdNotifier {
 public:
  /// Reads NOTIFY_SOCKET and WATCHDOG_USEC.
  SystemdNotifier();

  /// `READY=1`, `STOPPING=1`, `RELOADING=1`, …
  void Tell(const std::string& state) const;
  /// How often it wants to hear WATCHDOG=1; nullopt if it does not.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

 private:
  std::string socket_;
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace rk
