#include "lib/batch/batcher.h"

#include <algorithm>

namespace rk {

void Batcher::Add(size_t records, size_t bytes, bool suspect, Time now) {
  batches_.push_back({records, bytes, suspect, now});
  records_ += records;
  bytes_ += bytes;
}

bool Batcher::full() const {
  return records_ >= options_.max_batch || bytes_ >= options_.max_bytes ||
         (!batches_.empty() && (batches_.front().suspect || batches_.back().suspect));
}

std::optional<Batcher::Time> Batcher::due() const {
  if (batches_.empty()) return std::nullopt;
  const Batch& first = batches_.front();
  // Nothing that it could wait for will come.
  if (full() || first.records == 0) return first.since;
  return first.since + options_.max_delay;
}

size_t Batcher::Shareable() const {
  size_t records = 0;
  for (const Batch& batch : batches_) {
    if (batch.suspect && records > 0) break;
    records += batch.records;
    if (batch.suspect || records >= options_.max_batch) break;
  }
  return records;
}

void Batcher::Took(size_t records) {
  records_ -= records;
  while (!batches_.empty()) {
    Batch& first = batches_.front();
    const size_t taken = std::min(records, first.records);
    first.records -= taken;
    records -= taken;
    if (first.records > 0) return;
    bytes_ -= first.bytes;
    batches_.pop_front();
  }
}

}  // namespace rk
