#include "lib/read/offset_committer.h"

namespace rk {

OffsetCommitter::Offsets OffsetCommitter::OnAssigned(const std::vector<TopicPartition>& partitions,
                                                     const Ledger& ledger) {
  for (const auto& partition : partitions) asked_[partition] = kNothing;
  return Changed(ledger);
}

OffsetCommitter::Offsets OffsetCommitter::Due(const Ledger& ledger, Clock::time_point now) {
  if (now < next_due_) return {};
  next_due_ = now + kInterval;
  return Changed(ledger);
}

OffsetCommitter::Offsets OffsetCommitter::All(const Ledger& ledger) const {
  if (policy_ == Policy::kByWriters) return {};
  return AtEnd(ledger);
}

OffsetCommitter::Offsets OffsetCommitter::AtEnd(const Ledger& ledger) const {
  Offsets offsets;
  if (!commits()) return offsets;
  for (const auto& [partition, asked] : asked_)
    offsets.push_back({partition, ledger.floor(partition)});
  return offsets;
}

OffsetCommitter::Offsets OffsetCommitter::Changed(const Ledger& ledger) {
  Offsets offsets = All(ledger);
  std::erase_if(offsets, [&](const auto& one) { return asked_.at(one.partition) == one.offset; });
  OnCommitted(offsets);
  return offsets;
}

void OffsetCommitter::OnCommitted(const Offsets& offsets) {
  for (const auto& [partition, offset] : offsets) asked_.at(partition) = offset;
}

void OffsetCommitter::OnRefused() {
  for (auto& [partition, asked] : asked_) asked = kNothing;
}

}  // namespace rk
