#include "lib/map/filter.h"

#include "lib/map/record_map.h"

namespace rk {

Frame Filter::Run(const Frame& frame) {
  return MapRecords(frame, tombstones_, counts_,
                    [&](size_t, RecordView& record) -> std::optional<Rejection> {
                      if (auto rejection = RejectNoValue(record)) return rejection;
                      bool holds = false;
                      if (auto rejection = condition_.Test(*record.value, holds)) return rejection;
                      if (!holds) record.state = RecordState::kFiltered;
                      return std::nullopt;
                    });
}

}  // namespace rk
