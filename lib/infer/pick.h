#pragma once

#include <cstddef>
#include <vector>

#include "lib/batch/tensor.h"

namespace rk {

/// Sets `places` to those of the `most` largest of the `count` elements (at least 1) of `dtype` at
/// `data`, counted from 0, the largest first; of equal ones the first comes first. None if an
/// element is not finite.
void Pick(Dtype dtype, size_t count, const char* data, size_t most, std::vector<size_t>& places);

}  // namespace rk
