#pragma once

#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "lib/batch/frame.h"

namespace rk {

/// A pipe(2) whose ends are closed with it.
class TestPipe {
 public:
  TestPipe() {
    int fds[2];
    if (pipe(fds) != 0) throw std::runtime_error("no pipe");
    in_ = fds[0];
    out_ = fds[1];
  }
  ~TestPipe() {
    CloseIn();
    CloseOut();
  }
  TestPipe(const TestPipe&) = delete;
  TestPipe& operator=(const TestPipe&) = delete;

  int in() const { return in_; }    ///< where to read
  int out() const { return out_; }  ///< where to write
  void CloseIn() { Close(in_); }
  void CloseOut() { Close(out_); }

  /// Throws if it is not all written.
  void Write(std::string_view bytes) const {
    if (write(out_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      throw std::runtime_error("not all was written");
    }
  }

 private:
  static void Close(int& fd) {
    if (fd >= 0) close(fd);
    fd = -1;
  }

  int in_ = -1;
  int out_ = -1;
};

/// A frame of `records` records of `bytes` bytes each, from `first_offset` on.
inline Frame TestFrame(int64_t first_offset, size_t records = 1, size_t bytes = 10) {
  BatchInfo info;
  info.origin.fill(7);
  info.topic = "applications";
  info.epoch = 5;
  info.first_offset = first_offset;
  info.next_offset = first_offset + static_cast<int64_t>(records);
  FrameBuilder builder(info, records, records * bytes);
  const std::string value(bytes, 'v');
  for (int64_t offset = first_offset; offset < info.next_offset; ++offset) {
    RecordView record;
    record.offset = offset;
    record.value = value;
    builder.Add(record);
  }
  return builder.Finish();
}

}  // namespace rk
