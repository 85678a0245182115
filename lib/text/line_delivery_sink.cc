#include "lib/text/line_delivery_sink.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lib/link/pipe.h"

namespace rk {

void LineDeliverySink::Produce(FramePtr frame) {
  text_.clear();
  for (size_t i = 0; i < frame->record_count(); ++i) Append(frame->info(), frame->record(i));
  WriteOutput(fd_, text_);
  done_.push_back(std::move(frame));
  done_event_.Set();
}

std::vector<DeliverySink::FramePtr> LineDeliverySink::Serve() {
  done_event_.Clear();
  return std::exchange(done_, {});
}

void LineDeliverySink::Append(const BatchInfo& info, const RecordView& record) {
  if (record.state == RecordState::kFiltered) return;
  if (record.state == RecordState::kFailed) {
    ++totals_.dead_letters;
    ++totals_.lost;
    failures_.Count(record.failure.code);
    log_(LogLevel::kWarning,
         fmt::format(
             "failed record not printed topic={} partition={} offset={} stage={} code={}: {}",
             info.topic, info.partition, record.offset, record.failure.stage, record.failure.code,
             record.failure.message));
    return;
  }
  const size_t begin = text_.size();
  text_ += record.value.value_or("null");
  std::replace_if(
      text_.begin() + static_cast<std::ptrdiff_t>(begin), text_.end(),
      [](char byte) { return byte == '\n' || byte == '\r'; }, ' ');
  ++totals_.records;
  totals_.bytes += text_.size() - begin;
  text_ += '\n';
}

}  // namespace rk
