#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/descriptor.h"
#include "lib/base/event_fd.h"
#include "lib/tap/tap_copy.h"

namespace rk {

/// Where somebody can listen to what passes a stage: a socket in the pipeline's directory, for the
/// user that the stage runs as and no other. Copies are offered, and dropped where they are not
/// taken at once: nothing waits for who listens, and while nobody does Offer() is a look at a flag.
/// A thread of its own waits for listeners.
class Tap {
 public:
  static constexpr size_t kMostListeners = 8;

  /// `path` as TapPath() makes it. Throws Error(kIo).
  explicit Tap(std::string path);
  /// Removes the socket.
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  /// The batch passes the stage. Any thread.
  void Offer(const Frame& frame) {
    if (heard_.load(std::memory_order_relaxed)) Copy(frame);
  }

 private:
  struct Listener {
    Descriptor connection;
    TapCopy copy;
    bool gone = false;
  };

  void Copy(const Frame& frame);
  void Run();
  void Accept();
  void DropGone();

  const std::string path_;
  Descriptor socket_;
  EventFd stop_;
  std::atomic<bool> heard_ = false;
  std::mutex mutex_;
  std::vector<Listener> listeners_;  ///< guarded by mutex_
  std::thread thread_;
};

/// The socket of a process that is replica `replica` of `stage`, in `directory`. One that is
/// replaced may still live beside its successor, so each has its own.
std::string TapPath(const std::string& directory, const std::string& stage, size_t replica,
                    int pid);

}  // namespace rk
