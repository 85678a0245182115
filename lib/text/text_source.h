#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/link/source.h"

namespace rk {

/// How text is cut into records.
struct TextFormat {
  std::string record_end = "\n";
  std::optional<std::string> key_end;  ///< what stands behind the key; none: `key` holds
  std::optional<std::string> key;      ///< of records without one of their own
  std::string headers;                 ///< of each record, encoded as in a frame
  bool null_if_empty = false;          ///< an empty value or key is Kafka's null
};

/// A record's key and value out of its text, without key_end where there are no keys. It borrows
/// from both.
RecordView RecordOf(std::string_view text, const TextFormat& format);

/// The batches that text becomes: numbered records of a topic called `stdin`. Used by one thread.
struct TextStream {
  TextStream();

  /// The records at the next offsets, with the present time. `bytes`: of all keys and values.
  Frame MakeFrame(std::vector<RecordView> records, size_t bytes);

  const Origin origin;
  const int64_t epoch;
  int64_t next = 0;  ///< the number of the next record
};

/// Records from text, as `kcat -P` reads it: each up to the next record_end, its key up to the
/// first key_end in it; empty ones are passed by. What has come leaves at once. Nobody waits for
/// their acknowledgement. Used by one thread.
class TextSource : public Source {
 public:
  static constexpr size_t kLongest = size_t{32} << 20;  ///< bytes of a record

  /// `fd` stays the caller's. Neither delimiter is empty.
  TextSource(int fd, TextFormat format);

  /// Throws Error(kBadData) for a record longer than kLongest, Error(kIo).
  std::optional<Frame> TryReceive() override;
  bool ended() const override { return ended_; }
  bool has_end() const override { return true; }
  Origin origin() const override { return stream_.origin; }
  int fd() const override { return fd_; }
  bool acknowledged() const override { return false; }

 private:
  std::optional<Frame> Cut();

  int fd_;
  TextFormat format_;
  TextStream stream_;
  std::string text_;  ///< read, of no frame yet
  bool ended_ = false;
};

}  // namespace rk
