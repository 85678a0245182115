#include "lib/batch/failure_tally.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace rk {

void FailureTally::Add(const BatchInfo& batch, const RecordView& record,
                       const FailureView& failure) {
  if (++CountOf(failure.code) > 1) return;
  log_(LogLevel::kWarning,
       fmt::format("a record failed, and more with this code are only counted code={} topic={} "
                   "partition={} offset={} stage={}: {}",
                   failure.code, batch.topic, batch.partition, record.offset, failure.stage,
                   failure.message));
}

uint64_t& FailureTally::CountOf(std::string_view code) {
  ++total_;
  const auto found = by_code_.find(code);
  if (found != by_code_.end()) return found->second;
  return by_code_[by_code_.size() < kMaxCodes ? std::string(code) : "other"];
}

std::string FailureTally::Summary() const {
  std::vector<std::pair<std::string, uint64_t>> counts(by_code_.begin(), by_code_.end());
  std::ranges::stable_sort(counts, std::greater<>(), &std::pair<std::string, uint64_t>::second);
  std::string text;
  for (const auto& [code, count] : counts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", code, count);
  }
  return text;
}

}  // namespace rk
