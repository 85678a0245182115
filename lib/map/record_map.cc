#include "lib/map/record_map.h"

namespace rk {
namespace {

constexpr std::string_view kStage = "rk-map";
constexpr size_t kRoom = 64;  // what is added to a record, as a hint

}  // namespace

Frame MapRecords(const Frame& frame, Tombstones tombstones, MapCounts& counts,
                 const MapRecord& map) {
  FrameBuilder builder(frame.info(), frame.record_count(),
                       frame.bytes().size() + kRoom * frame.record_count());
  for (size_t i = 0; i < frame.record_count(); ++i) {
    RecordView record = frame.record(i);
    ++counts.records;
    std::optional<Rejection> rejection;
    const bool ok = record.state == RecordState::kOk;
    if (IsTombstone(record) && tombstones != Tombstones::kFail) {
      if (tombstones == Tombstones::kDrop) record.state = RecordState::kFiltered;
    } else if (ok) {
      rejection = map(i, record);
    }
    if (ok && record.state == RecordState::kFiltered) ++counts.filtered;
    if (rejection) {
      ++counts.failed;
      record.state = RecordState::kFailed;
      record.failure = {kStage, rejection->code, rejection->message};
    }
    builder.Add(record);
  }
  for (const ColumnView& column : frame.columns()) builder.AddColumn(column);
  return builder.Finish();
}

std::optional<Rejection> RejectNoValue(const RecordView& record) {
  if (!record.value) {
    return Rejection{"null-value", "the value is null (a tombstone): expected a JSON object"};
  }
  if (record.value->empty()) {
    return Rejection{"empty-value", "the value is empty: expected a JSON object"};
  }
  return std::nullopt;
}

}  // namespace rk
