#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "lib/batch/frame.h"
#include "lib/text/record_format.h"

namespace rk {

/// Prints the records of taps: `infer.0 applications/0@12 key: value`, or in a format of the
/// user's; of several replicas together no more than the rate. One thread.
class TapPrinter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `format` as RecordFormat's; empty: a line for people. `rate`: records/s. `count`: how many
  /// records in all; 0: no end. Throws what RecordFormat throws.
  TapPrinter(const std::string& format, size_t rate, size_t count, int fd);

  /// Throws what WriteOutput throws.
  void Print(std::string_view replica, const Frame& frame);
  bool done() const { return count_ > 0 && printed_ == count_; }

 private:
  bool IsDue(Time now);

  std::optional<RecordFormat> format_;
  size_t rate_;
  size_t count_;
  int fd_;
  size_t printed_ = 0;
  Time second_{};  ///< when the present one began
  size_t printed_in_second_ = 0;
};

/// A line for people, without control characters: what a record is and, if it failed, why.
std::string TapLine(std::string_view replica, const BatchInfo& batch, const RecordView& record);

}  // namespace rk
