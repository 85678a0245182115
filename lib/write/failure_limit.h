#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/batch/failure_tally.h"

namespace rk {

/// How many records may fail before a writer calls it an error (--max-failed). A value.
class FailureLimit {
 public:
  /// Until that many records came, a share says nothing.
  static constexpr uint64_t kEnoughToJudge = 1000;

  /// `N` records, or `P%` of those that came; P may have a fraction. Throws Error(kUsage).
  static FailureLimit Parse(const std::string& text);

  /// `ended`: no more records come, so that a share of few counts too.
  bool IsExceeded(uint64_t failed, uint64_t records, bool ended) const;
  /// Throws Error(kBadData), with the counts by code, if it is exceeded.
  void Check(const FailureTally& failures, uint64_t records, bool ended) const;

 private:
  std::string text_;  ///< as it was given
  uint64_t count_ = 0;
  std::optional<double> percent_;
};

/// `600 of 600 records failed: missing-field 600`.
std::string FailedText(const FailureTally& failures, uint64_t records);

}  // namespace rk
