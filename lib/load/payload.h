#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/codec/json/extract.h"

namespace rk {

/// What a record of a load says of itself, in its JSON member `load`.
struct LoadMark {
  int64_t run = 0;  ///< which run of the generator: others' records may be on the same topic
  int64_t id = 0;
  int64_t scheduled_ns = 0;  ///< CLOCK_REALTIME when it was due
};

/// `body` (a JSON object) with the mark as its first member. Throws Error(kBadData) if it is none.
std::string MarkedPayload(const LoadMark& mark, std::string_view key, std::string_view body);

/// Finds marks again, however the stages between have written the JSON anew. Not thread-safe.
class MarkReader {
 public:
  MarkReader();
  /// `json` has Buffer::kPadding readable bytes past its end. nullopt for a value without a mark.
  std::optional<LoadMark> Read(std::string_view json);

 private:
  Extractor extractor_;
};

}  // namespace rk
