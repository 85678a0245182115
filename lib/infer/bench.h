#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "lib/infer/warm_model.h"

namespace rk {

/// How fast calls of the model are, on rows of zeros: a line for each number of rows, 1, 4, 16 and
/// so on up to the most that a call may have, or for each bucket. Takes a third of a second a line.
/// `tell` hears of each line that is done how many are, and how many there will be. Throws
/// Error(kConfiguration) if the model refuses zeros, and what WarmModel::Call() throws.
std::string Bench(WarmModel& model, const InferOptions& options,
                  const std::function<void(size_t done, size_t total)>& tell);

}  // namespace rk
