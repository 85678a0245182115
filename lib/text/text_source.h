#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/link/source.h"

namespace rk {

/// How text is cut into records.
struct TextFormat {
  std::string record_end = "\n";
  std::optional<std::string> key_end;  ///< what stands behind the key; none: there are no keys
};

/// Records from text, as `kcat -P` reads it: each up to the next record_end, its key up to the
/// first key_end in it; empty ones are passed by. What has come leaves at once. Nobody waits for
/// their acknowledgement.
class TextSource : public Source {
 public:
  static constexpr size_t kLongest = size_t{32} << 20;  ///< bytes of a record

  /// `fd` stays the caller's. Neither delimiter is empty.
  TextSource(int fd, TextFormat format);

  /// Throws Error(kBadData) for a record longer than kLongest, Error(kIo).
  std::optional<Frame> TryReceive() override;
  bool ended() const override { return ended_; }
  bool has_end() const override { return true; }
  Origin origin() const override { return origin_; }
  int fd() const override { return fd_; }
  bool acknowledged() const override { return false; }

 private:
  bool ReadMore();
  std::optional<Frame> Cut();
  RecordView RecordOf(std::string_view text) const;

  int fd_;
  TextFormat format_;
  const Origin origin_;
  const int64_t epoch_;
  std::string text_;  ///< read, of no frame yet
  int64_t next_ = 0;  ///< the number of the next record
  bool ended_ = false;
};

}  // namespace rk
