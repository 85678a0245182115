#include "lib/text/tap_printer.h"

#include <fmt/format.h>

#include "lib/link/pipe.h"

namespace rk {

TapPrinter::TapPrinter(const std::string& format, size_t rate, size_t count, int fd)
    : rate_(rate), count_(count), fd_(fd) {
  if (!format.empty()) format_.emplace(format);
}

bool TapPrinter::IsDue(Time now) {
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    printed_in_second_ = 0;
  }
  return printed_in_second_ < rate_;
}

void TapPrinter::Print(std::string_view replica, const Frame& frame) {
  std::string text;
  const auto now = std::chrono::steady_clock::now();
  for (size_t i = 0; i < frame.record_count() && !done() && IsDue(now); ++i) {
    ++printed_;
    ++printed_in_second_;
    if (format_)
      format_->Append(frame.info(), frame.record(i), text);
    else
      text += TapLine(replica, frame.info(), frame.record(i));
  }
  WriteOutput(fd_, text);
}

std::string TapLine(std::string_view replica, const BatchInfo& batch, const RecordView& record) {
  std::string line =
      fmt::format("{} {}/{}@{} ", replica, batch.topic, batch.partition, record.offset);
  if (record.key) line += fmt::format("{}: ", *record.key);
  if (record.state == RecordState::kFiltered) line += "filtered: ";
  if (record.state == RecordState::kFailed)
    line += fmt::format("failed in {}, {} ({}): ", record.failure.stage, record.failure.code,
                        record.failure.message);
  line += record.value.value_or("(null)");
  for (char& byte : line) {
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F) byte = ' ';
  }
  return line + '\n';
}

}  // namespace rk
