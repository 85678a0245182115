#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/batch/frame.h"
#include "lib/infer/infer.h"

namespace rk {

/// A batch of values for tests of what goes through a model; offsets and timestamps go up by one,
/// keys are k0, k1, …, and each record has a header.
inline Frame FrameOf(const std::vector<std::optional<std::string>>& values) {
  BatchInfo info;
  info.group = "g";
  info.topic = "t";
  info.partition = 3;
  info.epoch = 7;
  info.first_offset = 100;
  info.next_offset = 100 + static_cast<int64_t>(values.size());
  info.floor = 90;
  FrameBuilder builder(info, values.size(), 0);
  std::string headers;
  AppendHeader(headers, {"trace", "abc"});
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string key = "k" + std::to_string(i);
    RecordView record;
    record.offset = 100 + static_cast<int64_t>(i);
    record.timestamp_ms = 5000 + static_cast<int64_t>(i);
    record.timestamp_type = TimestampType::kCreateTime;
    record.key = key;
    record.value = values[i];
    record.headers = headers;
    builder.Add(record);
  }
  return builder.Finish();
}

/// The values of a frame's records, in order; "null" for null.
inline std::vector<std::string> ValuesOf(const Frame& frame) {
  std::vector<std::string> values;
  for (size_t i = 0; i < frame.record_count(); ++i) {
    values.emplace_back(frame.record(i).value.value_or("null"));
  }
  return values;
}

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The headers of a frame's record, in order; those without a value are left out.
inline Headers HeadersOf(const Frame& frame, size_t record) {
  Headers headers;
  HeaderReader reader(frame.record(record).headers);
  for (HeaderView header; reader.Next(&header);) {
    if (header.value) headers.emplace_back(header.name, *header.value);
  }
  return headers;
}

/// The frames that come of all that `infer` has, step by step until it has nothing.
inline std::vector<Frame> WorkOff(Infer& infer) {
  std::vector<Frame> frames;
  while (infer.due()) {
    for (Frame& frame : infer.Work()) frames.push_back(std::move(frame));
  }
  return frames;
}

/// What becomes of a frame that comes alone.
inline Frame RunOne(Infer& infer, Frame frame) {
  infer.Take(std::move(frame), {});
  std::vector<Frame> frames = WorkOff(infer);
  REQUIRE(frames.size() == 1);
  return std::move(frames[0]);
}

/// The codes of a frame's failures, in order; "" for a record that is not failed.
inline std::vector<std::string> CodesOf(const Frame& frame) {
  std::vector<std::string> codes;
  for (size_t i = 0; i < frame.record_count(); ++i) {
    codes.emplace_back(frame.record(i).failure.code);
  }
  return codes;
}

}  // namespace rk
