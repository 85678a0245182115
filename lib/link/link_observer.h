#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "lib/base/log.h"

namespace rk {

/// What a link tells the stage beside frames; called from any thread.
struct LinkObserver {
  Log log = [](LogLevel, std::string_view) {};
  std::function<void()> dropped = [] {};                        ///< a message that is no frame
  std::function<void(size_t records)> waiting = [](size_t) {};  ///< in the server's queue, now
  /// A frame has left the server's queue.
  std::function<void(std::chrono::steady_clock::duration)> waited =
      [](std::chrono::steady_clock::duration) {};
  /// Why a link on tcp:// that connects does not work yet; empty once it does. Told on changes.
  std::function<void(const std::string& why)> waits = [](const std::string&) {};
  std::function<void(size_t peers)> fetchers = [](size_t) {};  ///< of a server, now
};

}  // namespace rk
