#include "lib/ends/edited_source.h"

#include <fnmatch.h>

#include <algorithm>
#include <utility>

namespace rk {
namespace {

constexpr std::string_view kStage = "rk-write";
constexpr size_t kRoom = 32;  // for a record's key, as a hint

}  // namespace

EditedSource::EditedSource(std::unique_ptr<Source> source, const Edits& edits)
    : source_(std::move(source)), drop_headers_(edits.drop_headers) {
  if (!edits.key_field.empty()) key_field_.emplace(edits.key_field);
}

std::optional<Frame> EditedSource::TryReceive() {
  const std::optional<Frame> frame = source_->TryReceive();
  if (!frame) return std::nullopt;
  return Edit(*frame);
}

Frame EditedSource::Edit(const Frame& frame) {
  FrameBuilder builder(frame.info(), frame.record_count(),
                       frame.bytes().size() + kRoom * frame.record_count());
  for (size_t i = 0; i < frame.record_count(); ++i) {
    RecordView record = frame.record(i);
    DropHeaders(record);
    std::optional<Rejection> rejection;
    if (key_field_ && record.state == RecordState::kOk) rejection = SetKey(record);
    if (rejection) {
      record.state = RecordState::kFailed;
      record.failure = {kStage, rejection->code, rejection->message};
    }
    builder.Add(record);
  }
  return builder.Finish();
}

std::optional<Rejection> EditedSource::SetKey(RecordView& record) {
  if (!record.value) return Rejection{"null-value", "the value is null: it has no field for a key"};
  auto rejection = key_field_->Read(*record.value, key_);
  if (!rejection) record.key = key_;
  return rejection;
}

void EditedSource::DropHeaders(RecordView& record) {
  if (drop_headers_.empty() || record.headers.empty()) return;
  headers_.clear();
  HeaderReader reader(record.headers);
  for (HeaderView header; reader.Next(&header);) {
    const std::string name(header.name);
    const bool dropped = std::ranges::any_of(drop_headers_, [&](const std::string& pattern) {
      return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
    });
    if (!dropped) AppendHeader(headers_, header);
  }
  record.headers = headers_;
}

}  // namespace rk
