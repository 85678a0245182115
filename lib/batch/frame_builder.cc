#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include <xxhash.h>

#include "lib/base/error.h"
#include "lib/base/little_endian.h"
#include "lib/batch/frame.h"
#include "lib/batch/frame_cursor.h"

namespace rk {
namespace {

using namespace frame_format;  // NOLINT(google-build-using-namespace): a header of constants

[[noreturn]] void Complain(const char* what) {
  throw Error(ErrorKind::kBug, std::string("frame builder: ") + what);
}

inline void Promise(bool holds, const char* what) {
  if (!holds) Complain(what);
}

/// A length as the format stores it.
template <typename Length>
Length Fit(size_t length) {
  Promise(length <= static_cast<size_t>(std::numeric_limits<Length>::max()), "too long a part");
  return static_cast<Length>(length);
}

int32_t FitNullable(const std::optional<std::string_view>& bytes) {
  return bytes ? Fit<int32_t>(bytes->size()) : kNull;
}

void Pad(Buffer* bytes) {
  constexpr char kZeros[kAlignment] = {};
  const size_t over = bytes->size() % kAlignment;
  if (over > 0) bytes->Append({kZeros, kAlignment - over});
}

char* Copy(std::string_view bytes, char* to) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

void WriteHeader(const BatchInfo& info, size_t record_count, char* header) {
  std::memset(header, 0, kHeaderLength);
  std::memcpy(header + kMagicAt, kMagic, sizeof kMagic);
  Store(header + kMajorAt, kMajor);
  Store(header + kMinorAt, kMinor);
  Store(header + kKindAt, kKindData);
  Store(header + kHeaderLengthAt, static_cast<uint32_t>(kHeaderLength));
  Store(header + kRecordCountAt, Fit<uint32_t>(record_count));
  std::memcpy(header + kOriginAt, info.origin.data(), info.origin.size());
  Store(header + kEpochAt, info.epoch);
  Store(header + kFirstOffsetAt, info.first_offset);
  Store(header + kNextOffsetAt, info.next_offset);
  Store(header + kPartitionAt, info.partition);
  Store(header + kAttemptAt, info.attempt);
  Store(header + kFloorAt, info.floor);
  Store(header + kEarliestTimestampAt, info.earliest_timestamp_ms);
  Store(header + kReadTimeAt, info.read_time_ns);
  Store(header + kGroupLengthAt, Fit<uint32_t>(info.group.size()));
  Store(header + kTopicLengthAt, Fit<uint32_t>(info.topic.size()));
  Store(header + kAckEndpointLengthAt, Fit<uint32_t>(info.ack_endpoint.size()));
  Store(header + kClusterIdLengthAt, Fit<uint32_t>(info.cluster_id.size()));
}

}  // namespace

FrameBuilder::FrameBuilder(const BatchInfo& info, size_t record_count, size_t data_bytes)
    : record_count_(record_count),
      lowest_offset_(info.first_offset),
      next_offset_(info.next_offset) {
  const std::string_view strings[] = {info.group, info.topic, info.ack_endpoint, info.cluster_id};
  size_t length = kHeaderLength + 2 * kAlignment + record_count * kRecordLength + data_bytes;
  for (const std::string_view string : strings) length += string.size();
  bytes_.Reserve(length);
  WriteHeader(info, record_count, bytes_.Extend(kHeaderLength));
  for (const std::string_view string : strings) bytes_.Append(string);
  Pad(&bytes_);
  table_ = bytes_.size();
  bytes_.Extend(record_count * kRecordLength);
  data_ = bytes_.size();
}

void FrameBuilder::Add(const RecordView& record) {
  Promise(added_ < record_count_, "more records than promised");
  Promise(record.offset >= lowest_offset_ && record.offset < next_offset_,
          "a record's offset does not rise within the batch's range");
  lowest_offset_ = record.offset + 1;
  const std::string_view key = record.key.value_or("");
  const std::string_view value = record.value.value_or("");
  const size_t failure =
      record.state == RecordState::kFailed ? EncodedLength(record.failure) : size_t{0};

  const size_t position = data_length();
  char* data = bytes_.Extend(key.size() + value.size() + record.headers.size() + failure);
  data = Copy(record.headers, Copy(value, Copy(key, data)));
  if (failure > 0) WriteFailure(record.failure, data);

  char* entry = bytes_.data() + table_ + added_++ * kRecordLength;
  Store(entry + kRecordOffsetAt, record.offset);
  Store(entry + kRecordTimestampAt, record.timestamp_ms);
  Store(entry + kRecordPositionAt, uint64_t{position});
  Store(entry + kRecordKeyLengthAt, FitNullable(record.key));
  Store(entry + kRecordValueLengthAt, FitNullable(record.value));
  Store(entry + kRecordHeadersLengthAt, Fit<uint32_t>(record.headers.size()));
  Store(entry + kRecordFailureLengthAt, Fit<uint32_t>(failure));
  Store(entry + kRecordStateAt, uint64_t{0});  // the reserved bytes too
  Store(entry + kRecordStateAt, record.state);
  Store(entry + kRecordTimestampTypeAt, record.timestamp_type);
}

void FrameBuilder::CloseData() {
  if (std::exchange(data_closed_, true)) return;
  Promise(added_ == record_count_, "fewer records than promised");
  Store(bytes_.data() + kDataLengthAt, uint64_t{data_length()});
  Pad(&bytes_);
}

void FrameBuilder::AddColumn(const ColumnView& column) {
  CloseData();
  ++column_count_;
  char* fixed = bytes_.Extend(8 + column.shape.size() * sizeof(int64_t) + sizeof(uint64_t));
  Store(fixed, Fit<uint32_t>(column.name.size()));
  Store(fixed + 4, column.dtype);
  Store(fixed + 5, Fit<uint8_t>(column.shape.size()));
  Store(fixed + 6, uint16_t{0});
  char* shape = fixed + 8;
  for (const int64_t size : column.shape) {
    Store(shape, size);
    shape += sizeof size;
  }
  Store(shape, uint64_t{column.data.size()});
  bytes_.Append(column.name);
  Pad(&bytes_);
  bytes_.Append(column.data);
  Pad(&bytes_);
}

Frame FrameBuilder::Finish() {
  CloseData();
  char* header = bytes_.data();
  Store(header + kColumnCountAt, column_count_);
  Store(header + kTotalLengthAt, uint64_t{bytes_.size()});
  const std::string_view body = bytes_.view().substr(kHeaderLength);
  Store(header + kBodyHashAt, uint64_t{XXH3_64bits(body.data(), body.size())});
  Frame frame(std::move(bytes_));
  try {
    frame.Open(FrameCursor(frame.bytes(), 0));
  } catch (const Error& error) {
    Complain(error.what());
  }
  SealHeader(frame.bytes_.data());
  return frame;
}

Frame Frame::End(const Origin& origin) {
  BatchInfo info;
  info.origin = origin;
  Frame frame = FrameBuilder(info, 0, 0).Finish();
  frame.kind_ = FrameKind::kEnd;
  Store(frame.bytes_.data() + kKindAt, kKindEnd);
  SealHeader(frame.bytes_.data());
  return frame;
}

Frame Slice(const Frame& frame, int64_t first_offset, int64_t next_offset) {
  BatchInfo info = frame.info();
  Promise(info.first_offset <= first_offset && first_offset <= next_offset &&
              next_offset <= info.next_offset,
          "a slice that is not within its batch");
  info.first_offset = first_offset;
  info.next_offset = next_offset;
  size_t first = 0;
  while (first < frame.record_count() && frame.record(first).offset < first_offset) ++first;
  size_t last = first;
  while (last < frame.record_count() && frame.record(last).offset < next_offset) ++last;

  const size_t data_bytes =
      first == last ? 0 : frame.bytes().size() * (last - first) / frame.record_count();
  FrameBuilder builder(info, last - first, data_bytes);
  for (size_t index = first; index < last; ++index) builder.Add(frame.record(index));
  for (ColumnView column : frame.columns()) {
    const size_t row = frame.record_count() == 0 ? 0 : column.data.size() / frame.record_count();
    column.data = column.data.substr(first * row, (last - first) * row);
    column.shape[0] = static_cast<int64_t>(last - first);
    builder.AddColumn(column);
  }
  return builder.Finish();
}

}  // namespace rk
