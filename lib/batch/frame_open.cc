#include <algorithm>
#include <cstring>

#include "lib/base/little_endian.h"
#include "lib/batch/frame.h"
#include "lib/batch/frame_cursor.h"
#include "lib/batch/record_encoding.h"

namespace rk {
namespace {

using namespace frame_format;  // NOLINT(google-build-using-namespace): a header of constants

BatchInfo ReadInfo(const char* header) {
  BatchInfo info;
  std::memcpy(info.origin.data(), header + kOriginAt, info.origin.size());
  info.partition = Load<int32_t>(header + kPartitionAt);
  info.epoch = Load<int64_t>(header + kEpochAt);
  info.first_offset = Load<int64_t>(header + kFirstOffsetAt);
  info.next_offset = Load<int64_t>(header + kNextOffsetAt);
  info.floor = Load<int64_t>(header + kFloorAt);
  info.attempt = Load<uint32_t>(header + kAttemptAt);
  info.earliest_timestamp_ms = Load<int64_t>(header + kEarliestTimestampAt);
  info.read_time_ns = Load<int64_t>(header + kReadTimeAt);
  return info;
}

void CheckInfo(const FrameCursor& cursor, const BatchInfo& info) {
  cursor.Require(info.partition >= 0, kPartitionAt, "a partition of 0 or more", info.partition);
  cursor.Require(info.first_offset >= 0, kFirstOffsetAt, "a first offset of 0 or more",
                 info.first_offset);
  cursor.Require(info.next_offset >= info.first_offset, kNextOffsetAt,
                 "a next offset not below the first", info.next_offset);
}

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
  const char* header =
      cursor.Take(Load<uint32_t>(bytes_.data() + kHeaderLengthAt), "header").data();
  const auto kind = Load<uint8_t>(header + kKindAt);
  cursor.Require(kind == kKindData || kind == kKindEnd, kKindAt, "a kind of 1 or 2", kind);
  kind_ = FrameKind{kind};
  record_count_ = Load<uint32_t>(header + kRecordCountAt);
  cursor.Require(kind_ == FrameKind::kData || record_count_ == 0, kRecordCountAt,
                 "no records in an END frame", record_count_);
  info_ = ReadInfo(header);
  CheckInfo(cursor, info_);
  info_.group = cursor.Take(Load<uint32_t>(header + kGroupLengthAt), "the group");
  info_.topic = cursor.Take(Load<uint32_t>(header + kTopicLengthAt), "the topic");
  info_.ack_endpoint =
      cursor.Take(Load<uint32_t>(header + kAckEndpointLengthAt), "the acknowledgement endpoint");
  info_.cluster_id = cursor.Take(Load<uint32_t>(header + kClusterIdLengthAt), "the cluster id");
  cursor.TakePad();
  table_ = cursor.Take(uint64_t{record_count_} * kRecordLength, "the record table").data();
  data_ = cursor.Take(Load<uint64_t>(header + kDataLengthAt), "the data section");
  cursor.TakePad();
  for (auto left = Load<uint32_t>(header + kColumnCountAt); left > 0; --left) {
    columns_.push_back(TakeColumn(&cursor, record_count_));
    CheckBools(cursor, columns_.back(), bytes_.data());
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
