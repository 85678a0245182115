#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/little_endian.h"
#include "lib/batch/buffer.h"
#include "lib/batch/frame_format.h"
#include "lib/batch/frame_header.h"
#include "lib/batch/record.h"
#include "lib/batch/record_encoding.h"
#include "lib/batch/tensor.h"

namespace rk {

/// One frame: the bytes of a batch, checked once and then read in place. Move-only; views taken
/// from it live as long as it does, also when it is moved. Immutable but for Stamp() and
/// StampEpoch(), so it may be read from several threads while nobody stamps it.
class Frame {
 public:
  /// Checks every length and both hashes against the bytes there are. Throws Error(kBadData) that
  /// names the byte position (relative to `stream_position`, the place of the frame's first byte).
  static Frame Decode(Buffer bytes, uint64_t stream_position = 0);

  /// The frame that says "the stream is complete".
  static Frame End(const Origin& origin);

  /// A copy of its own.
  Frame Clone() const;

  FrameKind kind() const { return kind_; }
  const BatchInfo& info() const { return info_; }
  std::string_view bytes() const { return bytes_.view(); }
  size_t record_count() const { return record_count_; }

  /// `index` < record_count(). No copy; constant time.
  RecordView record(size_t index) const;
  const std::vector<ColumnView>& columns() const { return columns_; }

  /// Rewrites what changes between two sends of one batch, and the header's hash with it.
  void Stamp(int64_t floor, uint32_t attempt);
  /// The same for a partition that goes on under a new epoch.
  void StampEpoch(int64_t epoch);

 private:
  friend class FrameBuilder;
  explicit Frame(Buffer bytes) : bytes_(std::move(bytes)) {}

  /// Checks the layout, from the header to the columns, and finds its parts. Not the records.
  void Open(FrameCursor cursor);
  void CheckRecords(const FrameCursor& cursor) const;

  Buffer bytes_;
  FrameKind kind_ = FrameKind::kData;
  BatchInfo info_;
  size_t record_count_ = 0;
  const char* table_ = nullptr;
  std::string_view data_;
  std::vector<ColumnView> columns_;
};

/// Writes one frame front to back into one buffer. Use: construct, Add() exactly `record_count`
/// times, AddColumn() any times, Finish(). Throws Error(kBug) for whatever Frame::Decode would
/// refuse, but for the encoding of headers, which the caller answers for. Not thread-safe.
class FrameBuilder {
 public:
  /// `data_bytes` is a hint of how many bytes the records will take: one that is exact or a little
  /// high saves a copy, one that is low costs some memory too.
  FrameBuilder(const BatchInfo& info, size_t record_count, size_t data_bytes);

  /// Copies the record's bytes in. Offsets rise, within the batch's range. A failure counts only in
  /// a record whose state is failed.
  void Add(const RecordView& record);
  /// Copies the column in.
  void AddColumn(const ColumnView& column);
  /// The builder is empty afterwards.
  Frame Finish();

 private:
  size_t data_length() const { return bytes_.size() - data_; }
  void CloseData();

  Buffer bytes_;
  size_t record_count_;
  size_t added_ = 0;
  int64_t lowest_offset_;  ///< of the next record
  int64_t next_offset_;
  size_t table_ = 0;  ///< position of the record table
  size_t data_ = 0;   ///< position of the data section
  bool data_closed_ = false;
  uint32_t column_count_ = 0;
};

/// A part of a frame: the records in [first_offset, next_offset), under that range, every other
/// field and the columns' rows as they were (docs/architecture.md I8: how a suspect batch is
/// split). Throws Error(kBug) for a range that is not within the batch's.
Frame Slice(const Frame& frame, int64_t first_offset, int64_t next_offset);

inline RecordView Frame::record(size_t index) const {
  using namespace frame_format;  // NOLINT(google-build-using-namespace): a header of constants
  const char* entry = table_ + index * kRecordLength;
  const char* at = data_.data() + Load<uint64_t>(entry + kRecordPositionAt);
  RecordView record;
  record.offset = Load<int64_t>(entry + kRecordOffsetAt);
  record.timestamp_ms = Load<int64_t>(entry + kRecordTimestampAt);
  record.timestamp_type = TimestampType{Load<uint8_t>(entry + kRecordTimestampTypeAt)};
  record.state = RecordState{Load<uint8_t>(entry + kRecordStateAt)};
  if (const auto length = Load<int32_t>(entry + kRecordKeyLengthAt); length >= 0) {
    record.key.emplace(at, static_cast<size_t>(length));
    at += length;
  }
  if (const auto length = Load<int32_t>(entry + kRecordValueLengthAt); length >= 0) {
    record.value.emplace(at, static_cast<size_t>(length));
    at += length;
  }
  record.headers = {at, Load<uint32_t>(entry + kRecordHeadersLengthAt)};
  at += record.headers.size();
  if (record.state == RecordState::kFailed) record.failure = ReadFailure(at);
  return record;
}

}  // namespace rk
