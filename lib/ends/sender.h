#pragma once

#include <thread>

#include "lib/ends/window.h"
#include "lib/link/sink.h"

namespace rk {

/// The reader's thread that puts frames on the link, where it may block as long as the link pushes
/// back. Notices within 1 s that whoever read the output is gone, also when there is nothing to
/// send. What stops it is in the window's failure.
class Sender {
 public:
  /// Both must outlive it. Starts at once.
  Sender(Window& window, Sink& sink);

  /// Waits for the thread. Call only when nothing is left to send or the process ends anyway.
  void Stop();

 private:
  void Loop(const std::stop_token& stop);

  Window& window_;
  Sink& sink_;
  std::jthread thread_;
};

}  // namespace rk
