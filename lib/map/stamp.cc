#include "lib/map/stamp.h"

#include <array>

#include <fmt/format.h>

#include "lib/map/record_map.h"

namespace rk {
namespace {

// Microseconds, as time.time() has them.
std::string Seconds(std::chrono::system_clock::time_point time) {
  using std::chrono::microseconds;
  const auto count = std::chrono::floor<microseconds>(time.time_since_epoch()).count();
  return fmt::format("{}.{:06}", count / 1'000'000, count % 1'000'000);
}

}  // namespace

Stamp::Stamp(Clock clock) : clock_(std::move(clock)), extractor_({}, {"processed_at", "status"}) {}

Frame Stamp::Run(const Frame& frame) {
  return MapRecords(frame, tombstones_, counts_,
                    [&](size_t, RecordView& record) -> std::optional<Rejection> {
                      if (auto rejection = RejectNoValue(record)) return rejection;
                      if (auto rejection = extractor_.Extract(*record.value, {})) return rejection;
                      const std::string time = Seconds(clock_());
                      const std::array<Member, 2> members = {
                          {{"\"processed_at\"", time}, {"\"status\"", "\"processed\""}}};
                      value_.clear();
                      Merge(*record.value, extractor_.present(), members, value_);
                      record.value = value_;
                      return std::nullopt;
                    });
}

}  // namespace rk
