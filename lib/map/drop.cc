#include "lib/map/drop.h"

#include "lib/map/record_map.h"

namespace rk {

Frame Drop::Run(const Frame& frame) {
  return MapRecords(frame, tombstones_, counts_,
                    [&](size_t, RecordView& record) -> std::optional<Rejection> {
                      if (auto rejection = RejectNoValue(record)) return rejection;
                      value_.clear();
                      if (auto rejection = dropper_.Drop(*record.value, value_)) return rejection;
                      record.value = value_;
                      return std::nullopt;
                    });
}

}  // namespace rk
