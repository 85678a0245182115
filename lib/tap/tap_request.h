#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rk {

/// What somebody who listens to a stage wants to hear: the first message on a tap's connection,
/// `tap 1 RATE FAILED CUT`. What comes back are frames, each with copies of some records of a
/// batch.
struct TapRequest {
  static constexpr size_t kMostRate = 10'000;
  static constexpr size_t kMostCut = 16'384;

  size_t rate = 10;     ///< records/s, from 1
  bool failed = false;  ///< only records that failed
  size_t cut = 1000;    ///< bytes of a value, key or reason; what is longer ends with an ellipsis

  std::string Text() const;
  /// Nothing for what is no request, or asks for more than there is.
  static std::optional<TapRequest> Parse(std::string_view text);
};

}  // namespace rk
