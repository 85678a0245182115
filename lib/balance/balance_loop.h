#pragma once

#include <chrono>
#include <functional>

#include "lib/balance/frame_server.h"
#include "lib/link/message_source.h"

namespace rk {

/// What a balance's thread does beside passing frames on (signals, reports).
struct BalanceDuties {
  int fd = -1;  ///< readable (POLLIN) when on_readable() is due; -1: never
  std::function<void()> on_readable = [] {};
  std::function<bool()> draining = [] { return false; };
  std::function<void(size_t records)> received = [](size_t) {};  ///< a frame came
};

/// The one loop of a balance, on the caller's thread: takes frames as they come while the server's
/// queue has room, and serves the fetchers, until the source has ended or a drain was asked for and
/// what is under way by then has come, and everything that came is done. Throws what source and
/// server throw.
void RunBalance(MessageSource& source, FrameServer& server, const BalanceDuties& duties);

}  // namespace rk
