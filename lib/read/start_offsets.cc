#include "lib/read/start_offsets.h"

namespace rk {

StartOffset StartOffsets::Take(const TopicPartition& partition) {
  using Kind = StartOffset::Kind;
  if (const auto resume = resume_at_.find(partition); resume != resume_at_.end())
    return {Kind::kAbsolute, resume->second};
  const bool first = resolved_.insert(partition).second;
  if (first && present_.contains(partition)) return asked_;
  return {first && !grouped_ ? Kind::kBeginning : Kind::kStored, 0};
}

}  // namespace rk
