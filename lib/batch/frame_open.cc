#include <algorithm>

#include "lib/base/little_endian.h"
#include "lib/batch/frame.h"
#include "lib/batch/frame_cursor.h"
#include "lib/batch/record_encoding.h"

namespace rk {
namespace {

using namespace frame_format;  // NOLINT(google-build-using-namespace): a header of constants

ColumnView TakeColumn(FrameCursor* cursor, size_t record_count) {
  ColumnView column;
  const auto name_length = cursor->TakeNumber<uint32_t>("a column's name length");
  const size_t dtype_at = cursor->at();
  const auto dtype = cursor->TakeNumber<uint8_t>("a column's dtype");
  cursor->Require(dtype >= kDtypeF32 && dtype <= kDtypeBool, dtype_at, "a dtype of 1 to 6", dtype);
  column.dtype = Dtype{dtype};
  const auto rank = cursor->TakeNumber<uint8_t>("a column's rank");
  cursor->Require(rank >= 1 && rank <= kMaxRank, dtype_at + 1, "a rank of 1 to 8", rank);
  cursor->TakeNumber<uint16_t>("a column's reserved bytes");
  uint64_t length = SizeOf(column.dtype);
  for (size_t axis = 0; axis < rank; ++axis) {
    const size_t at = cursor->at();
    const auto size = cursor->TakeNumber<int64_t>("a column's shape");
    cursor->Require(size >= 0 && (axis > 0 || static_cast<uint64_t>(size) == record_count), at,
                    "a size of 0 or more, and in front the record count", size);
    cursor->Require(!__builtin_mul_overflow(length, static_cast<uint64_t>(size), &length), at,
                    "a shape that fits in the frame", size);
    column.shape.push_back(size);
  }
  const size_t length_at = cursor->at();
  const auto data_length = cursor->TakeNumber<uint64_t>("a column's data length");
  cursor->Require(data_length == length, length_at, "the data length that the shape gives",
                  data_length);
  column.name = cursor->Take(name_length, "a column's name");
  cursor->TakePad();
  column.data = cursor->Take(data_length, "a column's data");
  cursor->TakePad();
  return column;
}

/// Anything but 0 and 1 in a C++ bool is undefined behaviour wherever the column is used.
void CheckBools(const FrameCursor& cursor, const ColumnView& column, const char* frame) {
  if (column.dtype != Dtype::kBool) return;
  const auto* bad = std::find_if(column.data.begin(), column.data.end(),
                                 [](char byte) { return (byte & ~1) != 0; });
  if (bad == column.data.end()) return;
  cursor.Refuse(static_cast<size_t>(bad - frame), "a bool of 0 or 1", std::to_string(*bad));
}

/// Where the entries' bytes begin, and how many of them no entry has claimed so far.
struct Data {
  size_t at;
  uint64_t length;
  uint64_t unclaimed;
};

/// Checks the lengths of one entry of the record table. Together the entries claim no more than
/// the data section: whoever copies a frame's records needs no more memory than the frame has.
void CheckRecord(const FrameCursor& cursor, const char* entry, size_t entry_at, Data* data) {
  const auto position = Load<uint64_t>(entry + kRecordPositionAt);
  const auto key = Load<int32_t>(entry + kRecordKeyLengthAt);
  const auto value = Load<int32_t>(entry + kRecordValueLengthAt);
  const uint64_t headers = Load<uint32_t>(entry + kRecordHeadersLengthAt);
  const uint64_t failure = Load<uint32_t>(entry + kRecordFailureLengthAt);
  const auto state = Load<uint8_t>(entry + kRecordStateAt);
  const auto type = Load<uint8_t>(entry + kRecordTimestampTypeAt);
  const bool failed = RecordState{state} == RecordState::kFailed;
  const auto require = [&](bool holds, size_t at, const char* expected, auto found) {
    cursor.Require(holds, entry_at + at, expected, found);
  };
  require(key >= kNull, kRecordKeyLengthAt, "a key length of -1 or more", key);
  require(value >= kNull, kRecordValueLengthAt, "a value length of -1 or more", value);
  require(state <= static_cast<uint8_t>(RecordState::kFiltered), kRecordStateAt,
          "a record state of 0 to 2", state);
  require(type <= static_cast<uint8_t>(TimestampType::kLogAppendTime), kRecordTimestampTypeAt,
          "a timestamp type of 0 to 2", type);
  require(failed || failure == 0, kRecordFailureLengthAt,
          "no failure in a record that is not failed", failure);

  const uint64_t before_headers =
      static_cast<uint64_t>(std::max(key, 0)) + static_cast<uint64_t>(std::max(value, 0));
  const uint64_t length = before_headers + headers + failure;
  require(position <= data->length && length <= data->length - position, kRecordPositionAt,
          "a record that lies in the data section, from position", position);
  require(length <= data->unclaimed, kRecordPositionAt,
          "records that share no bytes; too long together is the one at position", position);
  data->unclaimed -= length;

  const size_t headers_at = data->at + position + before_headers;
  if (headers > 0) CheckHeaders(cursor.Within(headers_at, headers));
  if (failed) CheckFailure(cursor.Within(headers_at + headers, failure));
}

}  // namespace

void Frame::Open(FrameCursor cursor) {
  const char* start = bytes_.data();
  const FrameHeader header = TakeHeader(cursor);
  kind_ = header.kind;
  info_ = header.info;
  record_count_ = header.record_count;
  table_ = cursor.Take(uint64_t{record_count_} * kRecordLength, "the record table").data();
  data_ = cursor.Take(Load<uint64_t>(start + kDataLengthAt), "the data section");
  cursor.TakePad();
  for (auto left = Load<uint32_t>(start + kColumnCountAt); left > 0; --left) {
    columns_.push_back(TakeColumn(&cursor, record_count_));
    CheckBools(cursor, columns_.back(), start);
  }
  cursor.Require(cursor.AtEnd(), cursor.at(), "the frame's end", bytes_.size() - cursor.at());
}

void Frame::CheckRecords(const FrameCursor& cursor) const {
  Data data{static_cast<size_t>(data_.data() - bytes_.data()), data_.size(), data_.size()};
  const auto table_at = static_cast<size_t>(table_ - bytes_.data());
  int64_t lowest = info_.first_offset;
  for (size_t index = 0; index < record_count_; ++index) {
    const char* entry = table_ + index * kRecordLength;
    const size_t entry_at = table_at + index * kRecordLength;
    const auto offset = Load<int64_t>(entry + kRecordOffsetAt);
    cursor.Require(offset >= lowest && offset < info_.next_offset, entry_at + kRecordOffsetAt,
                   "a rising offset in the batch's range", offset);
    lowest = offset + 1;
    CheckRecord(cursor, entry, entry_at, &data);
  }
}

}  // namespace rk
