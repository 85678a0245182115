#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "lib/batch/error.h"

namespace rk {

/// A descriptor that librdkafka makes readable when a queue of its stops being empty.
class EventFd {
 public:
  EventFd() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (fd_ < 0)
      throw Error(ErrorKind::kIo, "no file descriptor left for a Kafka client: ulimit -n");
  }
  ~EventFd() { close(fd_); }
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;

  int fd() const { return fd_; }
  /// Not readable any more, until the next event.
  void Clear() const {
    uint64_t wakeups = 0;
    (void)!read(fd_, &wakeups, sizeof(wakeups));
  }

 private:
  int fd_;
};

}  // namespace rk
