#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "lib/base/log.h"
#include "lib/batch/frame.h"

namespace rk {

/// The records that became no result, by the code of their failure: the first of each code is a
/// warning, the others are counted. Used by one thread.
class FailureTally {
 public:
  /// Codes beyond that many count as `other`: a worker can make up new ones for ever.
  static constexpr size_t kMaxCodes = 32;

  explicit FailureTally(Log log) : log_(std::move(log)) {}

  void Add(const BatchInfo& batch, const RecordView& record, const FailureView& failure);
  /// Counts without a word, where each failure is said anyway.
  void Count(std::string_view code) { ++CountOf(code); }

  uint64_t total() const { return total_; }
  const std::map<std::string, uint64_t, std::less<>>& by_code() const { return by_code_; }
  /// `missing-field 600, invalid-json 2`: the most frequent first.
  std::string Summary() const;

 private:
  uint64_t& CountOf(std::string_view code);

  Log log_;
  uint64_t total_ = 0;
  std::map<std::string, uint64_t, std::less<>> by_code_;
};

}  // namespace rk
