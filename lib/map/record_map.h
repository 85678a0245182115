#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "lib/codec/field.h"
#include "lib/map/mapper.h"

namespace rk {

/// What a function does to record number `index` of a frame, whose state is ok: it may set the
/// value (which must stay until the next call) and the state, or say why it cannot use the record.
using MapRecord = std::function<std::optional<Rejection>(size_t index, RecordView& record)>;

/// Frame by way of `map` for each record that is ok, and no tombstone unless these are to fail.
/// Counts in `counts`.
Frame MapRecords(const Frame& frame, Tombstones tombstones, MapCounts& counts,
                 const MapRecord& map);

/// Why a value is nothing that JSON could be in.
std::optional<Rejection> RejectNoValue(const RecordView& record);

}  // namespace rk
