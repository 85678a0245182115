#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/base/error.h"

namespace rk {

/// A descriptor that is readable from Set() to Clear(): how one thread wakes another that waits in
/// poll(2). Any thread.
class EventFd {
 public:
  /// Throws Error(kIo) when no descriptor is left.
  EventFd() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (fd_ < 0) throw Error(ErrorKind::kIo, "no file descriptor is left: ulimit -n");
  }
  ~EventFd() { close(fd_); }
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;

  int fd() const { return fd_; }
  void Set() const { eventfd_write(fd_, 1); }
  void Clear() const {
    eventfd_t wakeups = 0;
    (void)eventfd_read(fd_, &wakeups);
  }

 private:
  int fd_;
};

}  // namespace rk
