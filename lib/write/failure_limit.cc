#include "lib/write/failure_limit.h"

#include <charconv>
#include <system_error>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

template <typename Number>
bool ParseAll(std::string_view text, Number& number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end && number >= 0;
}

}  // namespace

FailureLimit FailureLimit::Parse(const std::string& text) {
  FailureLimit limit;
  limit.text_ = text;
  if (text.ends_with('%')) {
    double percent = 0;
    if (ParseAll(std::string_view{text}.substr(0, text.size() - 1), percent) && percent <= 100) {
      limit.percent_ = percent;
      return limit;
    }
  } else if (ParseAll(text, limit.count_)) {
    return limit;
  }
  throw Error(ErrorKind::kUsage,
              "--max-failed '" + text + "' is neither a number of records nor a share such as 1%");
}

bool FailureLimit::IsExceeded(uint64_t failed, uint64_t records, bool ended) const {
  if (!percent_) return failed > count_;
  if (!ended && records < kEnoughToJudge) return false;
  return static_cast<double>(failed) * 100 > *percent_ * static_cast<double>(records);
}

void FailureLimit::Check(const FailureTally& failures, uint64_t records, bool ended) const {
  if (!IsExceeded(failures.total(), records, ended)) return;
  throw Error(ErrorKind::kBadData, FailedText(failures, records) + " (--max-failed " + text_ + ")");
}

std::string FailedText(const FailureTally& failures, uint64_t records) {
  return fmt::format("{} of {} records failed: {}", failures.total(), records, failures.Summary());
}

}  // namespace rk
