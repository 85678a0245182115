#include "lib/text/text_source.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lib/base/clock.h"
#include "lib/base/descriptor_io.h"
#include "lib/base/error.h"

namespace rk {
namespace {

constexpr size_t kReadBytes = size_t{256} << 10;

}  // namespace

TextStream::TextStream() : origin(RandomOrigin()), epoch(Nanoseconds(CLOCK_BOOTTIME)) {}

Frame TextStream::MakeFrame(std::vector<RecordView> records, size_t bytes) {
  BatchInfo info;
  info.origin = origin;
  info.topic = "stdin";
  info.epoch = epoch;
  info.first_offset = info.floor = next;
  info.next_offset = next + static_cast<int64_t>(records.size());
  info.read_time_ns = Nanoseconds(CLOCK_REALTIME);
  info.earliest_timestamp_ms = info.read_time_ns / 1'000'000;
  FrameBuilder builder(info, records.size(), bytes);
  for (RecordView& record : records) {
    record.offset = next++;
    record.timestamp_ms = info.earliest_timestamp_ms;
    record.timestamp_type = TimestampType::kCreateTime;
    builder.Add(record);
  }
  return builder.Finish();
}

RecordView RecordOf(std::string_view text, const TextFormat& format) {
  RecordView record;
  record.headers = format.headers;
  if (format.key) record.key = *format.key;
  const size_t key = format.key_end ? text.find(*format.key_end) : std::string_view::npos;
  if (key != std::string_view::npos) {
    record.key = text.substr(0, key);
    text.remove_prefix(key + format.key_end->size());
  }
  record.value = text;
  if (format.null_if_empty && text.empty()) record.value.reset();
  if (format.null_if_empty && record.key && record.key->empty()) record.key.reset();
  return record;
}

TextSource::TextSource(int fd, TextFormat format) : fd_(fd), format_(std::move(format)) {}

std::optional<Frame> TextSource::TryReceive() {
  if (ended_) return std::nullopt;
  const auto count = ReadAvailable(fd_, kReadBytes, "standard input", text_);
  if (!count) return std::nullopt;
  ended_ = *count == 0;
  return Cut();
}

// What is whole of the text. At its end the last record may lack its delimiter.
std::optional<Frame> TextSource::Cut() {
  std::vector<RecordView> records;
  const std::string_view all = text_;
  size_t begin = 0;
  for (size_t end = 0; begin < all.size(); begin = end + format_.record_end.size()) {
    end = all.find(format_.record_end, begin);
    if (end == std::string_view::npos && !ended_) break;
    end = std::min(end, all.size());
    if (end > begin) records.push_back(RecordOf(all.substr(begin, end - begin), format_));
  }
  begin = std::min(begin, all.size());
  if (all.size() - begin > kLongest) {
    throw Error(ErrorKind::kBadData,
                fmt::format("standard input: record {} is longer than {} bytes: is -D right?",
                            stream_.next + static_cast<int64_t>(records.size()) + 1, kLongest));
  }
  std::optional<Frame> frame;
  if (!records.empty()) frame = stream_.MakeFrame(std::move(records), begin);
  text_.erase(0, begin);
  return frame;
}

}  // namespace rk
