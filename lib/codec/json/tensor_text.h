#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "lib/batch/tensor.h"

namespace rk {

/// Appends as JSON the tensor of `shape` that starts at `data`: nested arrays, or a bare number
/// where it has one element only. Floats take the shortest form that reads back to the same value
/// of their type. False, with something useless appended, if one is not finite: JSON has no such
/// number.
bool AppendTensor(Dtype dtype, std::span<const int64_t> shape, const char* data, std::string& out);

}  // namespace rk
