#pragma once

#include <memory>

#include "lib/link/sink.h"
#include "lib/link/source.h"

namespace rk {

/// Frames from a pipe or a regular file. `fd` stays the caller's.
class PipeSource : public Source {
 public:
  PipeSource(int fd, size_t max_frame);

  std::optional<Frame> TryReceive() override;
  bool ended() const override { return ended_; }
  int fd() const override { return fd_; }
  bool acknowledged() const override { return !is_regular_file_; }

 private:
  int fd_;
  size_t max_frame_;
  bool ended_ = false;
  bool is_regular_file_ = false;
};

/// Frames to a pipe (enlarged with F_SETPIPE_SZ as far as the system lets) or a regular file.
/// Throws Error(kUsage) for a terminal: frames are not for people. `fd` stays the caller's.
class PipeSink : public Sink {
 public:
  explicit PipeSink(int fd);

  void Send(const Frame& frame) override;
  void Finish(const Origin& origin) override;
  int fd() const override { return fd_; }
  bool acknowledged() const override { return !is_regular_file_; }

 private:
  int fd_;
  bool is_regular_file_ = false;
};

}  // namespace rk
