#pragma once

#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "lib/batch/frame.h"
#include "lib/batch/partition.h"

namespace rk {

inline const TopicPartition kPartition{"applications", 3};
inline constexpr int64_t kEpoch = 1000;

inline BatchInfo MakeInfo(OffsetRange range, int64_t epoch = kEpoch,
                          const TopicPartition& partition = kPartition) {
  BatchInfo info;
  info.group = "credit";
  info.topic = partition.topic;
  info.partition = partition.partition;
  info.epoch = epoch;
  info.first_offset = range.first;
  info.next_offset = range.next;
  return info;
}

BatchInfo MakeInfo(OffsetRange range, int64_t epoch, TopicPartition&&) = delete;  // it borrows

/// A batch over the range of `info` with a small record at each of `offsets`.
inline Frame MakeBatch(const BatchInfo& info, const std::vector<int64_t>& offsets) {
  FrameBuilder builder(info, offsets.size(), offsets.size() * 8);
  for (const int64_t offset : offsets) {
    const std::string value = "value " + std::to_string(offset);
    RecordView record;
    record.offset = offset;
    record.value = value;
    builder.Add(record);
  }
  return builder.Finish();
}

/// A batch with a record at each offset of its range.
inline Frame MakeBatch(const BatchInfo& info) {
  std::vector<int64_t> offsets(static_cast<size_t>(info.next_offset - info.first_offset));
  std::iota(offsets.begin(), offsets.end(), info.first_offset);
  return MakeBatch(info, offsets);
}

/// What comes out of a link when `frame` went in: other bytes, checked again.
inline Frame Received(const Frame& frame) {
  Buffer bytes;
  bytes.Append(frame.bytes());
  return Frame::Decode(std::move(bytes));
}

inline OffsetRange RangeOf(const Frame& frame) {
  return {frame.info().first_offset, frame.info().next_offset};
}

inline std::vector<int64_t> OffsetsOf(const Frame& frame) {
  std::vector<int64_t> offsets;
  for (size_t i = 0; i < frame.record_count(); ++i) offsets.push_back(frame.record(i).offset);
  return offsets;
}

}  // namespace rk
