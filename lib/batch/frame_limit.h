#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "lib/batch/frame.h"

namespace rk {

/// The frame in parts of at most `most` bytes, which tile its range in order: halves, and halves of
/// those, so that of any two parts that two such cuts of one batch made, either they share no
/// offset or one contains the other, as WriterOrder expects. A record that is too large by itself
/// is failed by `stage` in place: code `too-large`, its value null and its size in the header
/// `rk-value-bytes`; its key and its headers go too where they alone are too large, and a failure
/// that it had stays.
struct Fitted {
  std::vector<Frame> parts;  ///< at least one
  size_t too_large = 0;      ///< records
};
Fitted FitFrame(Frame frame, size_t most, std::string_view stage);

}  // namespace rk
