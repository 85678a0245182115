#include "lib/link/pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "lib/base/descriptor_io.h"
#include "lib/base/error.h"

namespace rk {
namespace {

Error IoError(const char* what) {
  return Error(ErrorKind::kIo, fmt::format("{}: {}", what, std::strerror(errno)));
}

mode_t FileType(int fd, const char* what) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) throw IoError(what);
  return status.st_mode & S_IFMT;
}

bool IsReadable(int fd) {
  pollfd waiting = {fd, POLLIN, 0};
  return poll(&waiting, 1, 0) > 0;
}

}  // namespace

void WriteOutput(int fd, std::string_view bytes) {
  const int reason = WriteAll(fd, bytes);
  if (reason == EPIPE) {
    throw Error(ErrorKind::kBrokenPipe, "the output is closed: its reader is gone");
  }
  if (reason != 0) {
    throw Error(ErrorKind::kIo,
                fmt::format("the output cannot be written: {}", std::strerror(reason)));
  }
}

PipeSource::PipeSource(int fd, size_t max_frame)
    : fd_(fd), max_frame_(max_frame), ahead_(kReadAhead) {
  acknowledged_ = FileType(fd, "the input cannot be read") != S_IFREG;
  if (isatty(fd)) {
    throw Error(ErrorKind::kUsage,
                "the input is a terminal: pipe frames into it, as in "
                "rk-read ... | this");
  }
  ahead_.Extend(kReadAhead);
}

std::optional<Frame> PipeSource::TryReceive() {
  while (!ended_) {
    std::optional<Frame> frame = Cut();
    if (frame) return frame;
    if (ended_ || !Fill()) break;
  }
  return std::nullopt;
}

std::optional<Frame> PipeSource::Cut() {
  if (frame_.size() == 0) BeginFrame();
  if (frame_.size() == 0 || missing_ > 0) return std::nullopt;
  const size_t length = frame_.size();
  Frame frame = Frame::Decode(std::exchange(frame_, Buffer()), position_);
  position_ += length;
  origin_ = frame.info().origin;
  if (frame.kind() == FrameKind::kData) return frame;
  TakeEnd();
  return std::nullopt;
}

void PipeSource::BeginFrame() {
  const std::string_view bytes(ahead_.data() + ahead_begin_, ahead_end_ - ahead_begin_);
  if (bytes.empty()) return;
  CheckFrameMagic(bytes, position_);  // what ends or waits here may be something else
  if (bytes.size() < FramePrefix::kLength) return;
  const uint64_t total = ReadFramePrefix(bytes, max_frame_, position_).total_length;
  Buffer frame(total);
  const size_t there = std::min<size_t>(total, bytes.size());
  std::memcpy(frame.Extend(total), bytes.data(), there);
  ahead_begin_ += there;
  missing_ = total - there;
  frame_ = std::move(frame);
}

void PipeSource::TakeEnd() {
  ended_ = true;
  if (ahead_begin_ == ahead_end_) return;
  throw Error(
      ErrorKind::kBadData,
      fmt::format(
          "byte {}: data follows END, which closes a stream: give each stream its own stage",
          position_));
}

bool PipeSource::Fill() {
  if (!IsReadable(fd_)) return false;
  // Here ahead_ holds less than a frame's first bytes: moving them is next to nothing.
  std::memmove(ahead_.data(), ahead_.data() + ahead_begin_, ahead_end_ - ahead_begin_);
  ahead_end_ -= std::exchange(ahead_begin_, 0);
  const std::array<iovec, 2> parts = {{{frame_.data() + frame_.size() - missing_, missing_},
                                       {ahead_.data() + ahead_end_, ahead_.size() - ahead_end_}}};
  const ssize_t count = readv(fd_, parts.data(), parts.size());
  if (count == 0) ThrowEndOfInput();
  if (count > 0) {
    Accept(static_cast<size_t>(count));
  } else if (errno == EAGAIN) {
    return false;
  } else if (errno != EINTR) {
    throw IoError("the input cannot be read");
  }
  return true;
}

void PipeSource::Accept(size_t count) {
  const size_t of_frame = std::min(count, missing_);
  missing_ -= of_frame;
  ahead_end_ += count - of_frame;
}

void PipeSource::ThrowEndOfInput() const {
  if (frame_.size() > 0) {
    throw Error(
        ErrorKind::kTryAgain,
        fmt::format("byte {}: the input ends within the frame that begins at byte {}; {} "
                    "of its {} bytes are missing: the stage before died, or the file is "
                    "cut short",
                    position_ + frame_.size() - missing_, position_, missing_, frame_.size()));
  }
  if (ahead_end_ > ahead_begin_) {
    throw Error(ErrorKind::kTryAgain,
                fmt::format("byte {}: the input ends within the header of the frame that begins at "
                            "byte {}: the stage before died, or the file is cut short",
                            position_ + ahead_end_ - ahead_begin_, position_));
  }
  throw Error(ErrorKind::kTryAgain,
              fmt::format("byte {}: the input ended without END: the stage before died (its own "
                          "message says why)",
                          position_));
}

PipeSink::PipeSink(int fd) : fd_(fd) {
  const mode_t type = FileType(fd, "the output cannot be written");
  acknowledged_ = type != S_IFREG && type != S_IFCHR;
  is_pipe_ = type == S_IFIFO;
  if (isatty(fd)) {
    throw Error(ErrorKind::kUsage,
                "the output is a terminal: pipe the frames into the next "
                "stage or redirect them to a file");
  }
  (void)fcntl(fd, F_SETPIPE_SZ, kPipeBytes);  // a smaller pipe is only slower
}

void PipeSink::Send(const Frame& frame) { WriteOutput(fd_, frame.bytes()); }

// pipe(7): a pipe that poll(2) finds writable takes PIPE_BUF bytes.
bool PipeSink::HasRoom(size_t bytes) const {
  if (!is_pipe_ || bytes > PIPE_BUF) return false;
  pollfd output = {fd_, POLLOUT, 0};
  return poll(&output, 1, 0) > 0 && (output.revents & POLLOUT);
}

void PipeSink::Finish(const Origin& origin) { Send(Frame::End(origin)); }

}  // namespace rk
