#include "lib/batch/frame_limit.h"

#include <string>
#include <utility>

#include "lib/batch/record_encoding.h"

namespace rk {
namespace {

constexpr std::string_view kValueBytes = "rk-value-bytes";

Frame WithRecord(const Frame& frame, const RecordView& record) {
  FrameBuilder builder(frame.info(), 1, 0);
  builder.Add(record);
  return builder.Finish();
}

// Without the columns, which no later stage reads of a failed record.
Frame WithTooLarge(const Frame& frame, size_t most, std::string_view stage) {
  RecordView record = frame.record(0);
  const std::string message =
      "with a value of " + std::to_string(record.value.value_or("").size()) +
      " bytes the record does not fit in a frame of " + std::to_string(most) + " (--max-frame)";
  std::string headers(record.headers);
  if (record.value) {
    const std::string size = std::to_string(record.value->size());
    AppendHeader(headers, {kValueBytes, size});
  }
  record.value.reset();
  record.headers = headers;
  if (record.state != RecordState::kFailed) {
    record.state = RecordState::kFailed;
    record.failure = {stage, "too-large", message};
  }
  Frame small = WithRecord(frame, record);
  if (small.bytes().size() <= most) return small;
  record.key.reset();
  record.headers = {};
  return WithRecord(frame, record);
}

void AddParts(Frame frame, size_t most, std::string_view stage, Fitted& fitted) {
  const size_t records = frame.record_count();
  if (frame.bytes().size() <= most || records == 0) {
    fitted.parts.push_back(std::move(frame));
  } else if (records == 1) {
    fitted.parts.push_back(WithTooLarge(frame, most, stage));
    ++fitted.too_large;
  } else {
    const int64_t middle = frame.record(records / 2).offset;
    AddParts(Slice(frame, frame.info().first_offset, middle), most, stage, fitted);
    AddParts(Slice(frame, middle, frame.info().next_offset), most, stage, fitted);
  }
}

}  // namespace

Fitted FitFrame(Frame frame, size_t most, std::string_view stage) {
  Fitted fitted;
  AddParts(std::move(frame), most, stage, fitted);
  return fitted;
}

}  // namespace rk
