#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "lib/batch/frame.h"
#include "lib/tap/tap_request.h"

namespace rk {

/// Which records of the batches that pass somebody gets, and how much of them: at most the rate
/// that was asked for, and kMostBytes at once. A pure class: times are the caller's.
class TapCopy {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr size_t kMostBytes = size_t{64} << 10;

  TapCopy(const TapRequest& request, Time now);

  /// Copies, cut, of some records of `frame`, under its batch's identity; nothing if none is due.
  std::optional<Frame> Take(const Frame& frame, Time now);

 private:
  void Refill(Time now);

  TapRequest request_;
  double due_;  ///< records that may go now
  Time filled_;
};

/// `text`, or its first `most` bytes at most and an ellipsis, cut between characters of UTF-8.
std::string Cut(std::string_view text, size_t most);

}  // namespace rk
