#pragma once

#include <mutex>
#include <thread>

#include "lib/link/sink.h"
#include "lib/read/window.h"

namespace rk {

/// Puts frames on the link, from a thread of its own, where it may block as long as the link pushes
/// back. Notices within 1 s that whoever read the output is gone, also when there is nothing to
/// send. What stops it is in the window's failure. Its calls are for one thread, the one that adds
/// to the window.
class Sender {
 public:
  /// Both must outlive it. Starts at once.
  Sender(Window& window, Sink& sink);
  /// As Stop().
  ~Sender() { Stop(); }

  /// A frame of so many bytes waits in the window. If it is the only one and the link surely takes
  /// it at once, the caller's thread sends it, which saves a switch of threads where records come
  /// one by one; else the sender's own is woken. Throws what Sink::Send throws.
  void Added(size_t bytes);

  /// Waits for the thread. Call only when nothing is left to send or the process ends anyway.
  void Stop();

 private:
  void Loop(const std::stop_token& stop);
  bool TrySend(size_t bytes);
  /// With the lock.
  void SendNext();

  Window& window_;
  Sink& sink_;
  std::mutex sending_;  ///< from taking a frame out of the window until the link has it
  std::jthread thread_;
};

}  // namespace rk
