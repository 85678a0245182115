#include "lib/read/start_offsets.h"

namespace rk {

StartOffsets::Start StartOffsets::Take(const TopicPartition& partition,
                                       std::optional<Consumer::StoredOffset> stored) {
  using Kind = StartOffset::Kind;
  if (const auto resume = resume_at_.find(partition); resume != resume_at_.end())
    return {{Kind::kAbsolute, resume->second}, std::nullopt};
  const bool first = !begun_.contains(partition);
  const bool goes_on = stored && (priority_ == Priority::kStored || stored->of_this_run);
  if (first && present_.contains(partition) && !goes_on)
    return {asked_, stored ? std::optional(stored->offset) : std::nullopt};
  return {{first && !grouped_ ? Kind::kBeginning : Kind::kStored, 0}, std::nullopt};
}

}  // namespace rk
