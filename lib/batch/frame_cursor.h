#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/little_endian.h"
#include "lib/batch/frame_format.h"

namespace rk {

/// Walks the bytes of one frame that nobody has checked yet; the one place that refuses them.
/// Every function throws Error(kBadData) that names the position in the stream. Borrows the bytes.
class FrameCursor {
 public:
  FrameCursor(std::string_view bytes, uint64_t stream_position)
      : bytes_(bytes), stream_position_(stream_position) {}

  std::string_view bytes() const { return bytes_; }
  uint64_t stream_position() const { return stream_position_; }
  /// Bytes from the frame's first byte to where the cursor stands.
  size_t at() const { return at_; }
  bool AtEnd() const { return at_ == bytes_.size(); }
  /// A cursor at `at` that ends `length` bytes further on; both lie within this one's bytes.
  FrameCursor Within(size_t at, size_t length) const {
    FrameCursor part(bytes_.substr(0, at + length), stream_position_);
    part.at_ = at;
    return part;
  }

  /// The next `length` bytes. `what` names them for a person.
  std::string_view Take(uint64_t length, const char* what) {
    if (length > bytes_.size() - at_) RefuseLength(length, what);
    at_ += length;
    return bytes_.substr(at_ - length, length);
  }

  template <typename Number>
  Number TakeNumber(const char* what) {
    return Load<Number>(Take(sizeof(Number), what).data());
  }

  /// The zero bytes up to the next multiple of frame_format::kAlignment.
  void TakePad();

  /// `at` counts from the frame's first byte. `expected` completes "expected …".
  template <typename Number>
  void Require(bool holds, size_t at, const char* expected, Number found) const {
    if (!holds) Refuse(at, expected, std::to_string(found));
  }

  [[noreturn]] void Refuse(size_t at, const std::string& expected, const std::string& found) const;

 private:
  [[noreturn]] void RefuseLength(uint64_t length, const char* what) const;

  std::string_view bytes_;
  uint64_t stream_position_;
  size_t at_ = 0;
};

}  // namespace rk
