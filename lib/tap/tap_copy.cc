#include "lib/tap/tap_copy.h"

#include <algorithm>
#include <deque>
#include <vector>

namespace rk {
namespace {

constexpr size_t kMostHeaders = 4096;  // bytes; a record with more shows none

// A record that borrows from `kept` what was cut of it.
RecordView CutRecord(RecordView record, size_t most, std::deque<std::string>& kept) {
  const auto cut = [&](std::string_view text) -> std::string_view {
    return text.size() <= most ? text : kept.emplace_back(Cut(text, most));
  };
  if (record.value) record.value = cut(*record.value);
  if (record.key) record.key = cut(*record.key);
  record.failure.message = cut(record.failure.message);
  if (record.headers.size() > kMostHeaders) record.headers = {};
  return record;
}

size_t SizeOf(const RecordView& record) {
  constexpr size_t kTable = 64;  // its place in the frame, and a little
  return kTable + record.value.value_or("").size() + record.key.value_or("").size() +
         record.headers.size() + record.failure.stage.size() + record.failure.code.size() +
         record.failure.message.size();
}

}  // namespace

std::string Cut(std::string_view text, size_t most) {
  if (text.size() <= most) return std::string(text);
  size_t end = most;
  constexpr size_t kLongestCharacter = 4;
  for (size_t back = 0; back < kLongestCharacter && end > 0; ++back) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0) != 0x80) break;
    --end;
  }
  return std::string(text.substr(0, end)) + "\xE2\x80\xA6";
}

TapCopy::TapCopy(const TapRequest& request, Time now)
    : request_(request), due_(static_cast<double>(request.rate)), filled_(now) {}

void TapCopy::Refill(Time now) {
  const auto rate = static_cast<double>(request_.rate);
  due_ = std::min(rate, due_ + rate * std::chrono::duration<double>(now - filled_).count());
  filled_ = now;
}

std::optional<Frame> TapCopy::Take(const Frame& frame, Time now) {
  Refill(now);
  std::deque<std::string> kept;
  std::vector<RecordView> records;
  size_t bytes = 0;
  for (size_t i = 0; i < frame.record_count() && due_ >= 1; ++i) {
    const RecordView record = frame.record(i);
    if (request_.failed && record.state != RecordState::kFailed) continue;
    const RecordView copy = CutRecord(record, request_.cut, kept);
    if (bytes + SizeOf(copy) > kMostBytes) break;
    bytes += SizeOf(copy);
    records.push_back(copy);
    due_ -= 1;
  }
  if (records.empty()) return std::nullopt;
  FrameBuilder builder(frame.info(), records.size(), bytes);
  for (const RecordView& record : records) builder.Add(record);
  return builder.Finish();
}

}  // namespace rk
