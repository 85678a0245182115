#include "lib/text/edited_source.h"

#include <fnmatch.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace rk {
namespace {

constexpr std::string_view kStage = "rk-write";
constexpr std::string_view kSourceHeader = "rk-source";
constexpr size_t kRoom = 64;  // for what is added to a record, as a hint

}  // namespace

EditedSource::EditedSource(std::unique_ptr<Source> source, const Edits& edits)
    : ForwardingSource(std::move(source)),
      drop_headers_(edits.drop_headers),
      source_header_(edits.source_header) {
  if (!edits.key_field.empty()) key_field_.emplace(edits.key_field);
}

std::optional<Frame> EditedSource::TryReceive() {
  const std::optional<Frame> frame = ForwardingSource::TryReceive();
  if (!frame) return std::nullopt;
  return Edit(*frame);
}

Frame EditedSource::Edit(const Frame& frame) {
  FrameBuilder builder(frame.info(), frame.record_count(),
                       frame.bytes().size() + kRoom * frame.record_count());
  for (size_t i = 0; i < frame.record_count(); ++i) {
    RecordView record = frame.record(i);
    std::optional<Rejection> rejection;
    if (key_field_ && record.state == RecordState::kOk) rejection = SetKey(record);
    if (rejection) {
      record.state = RecordState::kFailed;
      record.failure = {kStage, rejection->code, rejection->message};
    }
    EditHeaders(frame.info(), record);
    builder.Add(record);
  }
  return builder.Finish();
}

std::optional<Rejection> EditedSource::SetKey(RecordView& record) {
  if (!record.value) return Rejection{"null-value", "the value is null: it has no field for a key"};
  auto rejection = key_field_->Read(*record.value, key_);
  if (!rejection) record.key = key_ ? std::optional<std::string_view>(*key_) : std::nullopt;
  return rejection;
}

// A dead letter says by itself where it comes from.
void EditedSource::EditHeaders(const BatchInfo& batch, RecordView& record) {
  const bool add = source_header_ && record.state == RecordState::kOk;
  if (!add && (drop_headers_.empty() || record.headers.empty())) return;
  headers_.clear();
  HeaderReader reader(record.headers);
  for (HeaderView header; reader.Next(&header);) {
    if (!IsDropped(header.name)) AppendHeader(headers_, header);
  }
  if (add) {
    AppendHeader(headers_, {kSourceHeader,
                            fmt::format("{}/{}/{}", batch.topic, batch.partition, record.offset)});
  }
  record.headers = headers_;
}

bool EditedSource::IsDropped(std::string_view name) const {
  return std::ranges::any_of(drop_headers_, [name = std::string(name)](const std::string& pattern) {
    return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  });
}

}  // namespace rk
