#include "lib/batch/frame_cursor.h"

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {

void FrameCursor::TakePad() {
  const size_t begin = at_;
  const size_t over = at_ % frame_format::kAlignment;
  const std::string_view pad = Take(over == 0 ? 0 : frame_format::kAlignment - over, "a pad");
  const size_t bad = pad.find_first_not_of('\0');
  if (bad != std::string_view::npos) {
    Refuse(begin + bad, "a pad of zero bytes",
           std::to_string(static_cast<unsigned char>(pad[bad])));
  }
}

void FrameCursor::Refuse(size_t at, const std::string& expected, const std::string& found) const {
  throw Error(ErrorKind::kBadData,
              fmt::format("bad frame at byte {} of the stream: byte {}: expected {}, found {}",
                          stream_position_, stream_position_ + at, expected, found));
}

void FrameCursor::RefuseLength(uint64_t length, const char* what) const {
  Refuse(at_, fmt::format("{} bytes for {}", length, what),
         fmt::format("{} left", bytes_.size() - at_));
}

}  // namespace rk
