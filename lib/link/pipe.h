#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/batch/buffer.h"
#include "lib/link/sink.h"
#include "lib/link/source.h"

namespace rk {

/// Writes all of it, waiting as long as the other end pushes back. Throws Error(kBrokenPipe) if
/// whoever reads it is gone, Error(kIo).
void WriteOutput(int fd, std::string_view bytes);

/// Frames from a pipe or a regular file. `fd` stays the caller's, with the flags it has.
///
/// Small frames are cut from a read-ahead buffer of kReadAhead bytes, so that one read(2) brings
/// many; what a larger frame lacks is read straight into its own memory.
class PipeSource : public Source {
 public:
  static constexpr size_t kReadAhead = size_t{64} << 10;

  /// Throws Error(kUsage) for a terminal, Error(kIo) for a descriptor that is not open.
  PipeSource(int fd, size_t max_frame);

  std::optional<Frame> TryReceive() override;
  bool ended() const override { return ended_; }
  bool has_end() const override { return true; }
  Origin origin() const override { return origin_; }
  bool acknowledged() const override { return acknowledged_; }
  int fd() const override { return fd_; }

 private:
  std::optional<Frame> Cut();
  void BeginFrame();
  void TakeEnd();
  bool Fill();
  void Accept(size_t count);
  [[noreturn]] void ThrowEndOfInput() const;

  int fd_;
  size_t max_frame_;
  bool acknowledged_ = true;
  bool ended_ = false;
  Origin origin_{};
  Buffer ahead_;  ///< read, of no frame yet: the bytes [ahead_begin_, ahead_end_)
  size_t ahead_begin_ = 0;
  size_t ahead_end_ = 0;
  Buffer frame_;           ///< the frame that is being read, at its full size; else empty
  size_t missing_ = 0;     ///< its last bytes, still to come
  uint64_t position_ = 0;  ///< in the stream, of that frame's or else the next frame's first byte
};

/// Frames to a pipe (enlarged with F_SETPIPE_SZ as far as the system lets) or a regular file.
/// `fd` stays the caller's.
class PipeSink : public Sink {
 public:
  static constexpr int kPipeBytes = 1 << 20;

  /// Throws Error(kUsage) for a terminal (frames are not for people), Error(kIo) for a descriptor
  /// that is not open.
  explicit PipeSink(int fd);

  void Send(const Frame& frame) override;
  bool HasRoom(size_t bytes) const override;
  void Finish(const Origin& origin) override;
  bool acknowledged() const override { return acknowledged_; }
  int fd() const override { return fd_; }

 private:
  int fd_;
  bool is_pipe_ = false;
  bool acknowledged_ = true;
};

}  // namespace rk
