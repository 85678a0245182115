#pragma once

#include <optional>
#include <thread>

#include "lib/base/descriptor.h"
#include "lib/base/event_fd.h"
#include "lib/observe/reports.h"
#include "lib/observe/status_pipe.h"
#include "lib/stage/signals.h"

namespace rk {

/// What a process does beside its work: it hears signals, reports its metrics and tells them its
/// supervisor. Either on one thread of its own, or, where the work is a loop on poll(2), by that
/// loop, which watches fd() and needs no thread. One thread, but for StartThread().
class Housekeeping {
 public:
  /// What it is handed must outlive it, and is touched by nobody else but where it says so. Null:
  /// there is none. Throws Error(kIo) if the kernel gives no descriptors.
  Housekeeping(Signals& signals, Reports* reports, StatusPipe* status);
  /// Ends the thread, if there is one.
  ~Housekeeping();
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;

  /// Readable (POLLIN) when OnReadable() has something to do.
  int fd() const { return poll_.fd(); }
  /// Does what is due. It does not block, but for a stderr that does.
  void OnReadable();

  /// From now on a thread does it, and fd() is no longer the caller's to watch: for work that
  /// blocks, or a part of it that does. Idempotent.
  void StartThread();

 private:
  void RunThread();
  void SetTimer();

  Signals& signals_;
  Reports* reports_;
  StatusPipe* status_;
  Descriptor timer_;
  Descriptor poll_;  ///< of the signals and the timer
  EventFd stop_;
  std::optional<std::thread> thread_;
};

}  // namespace rk
