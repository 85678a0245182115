#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lib/batch/frame.h"
#include "lib/infer/signature.h"

namespace rk {

/// Appends as JSON what `output` picks of a row of `count` elements (at least 1) of `dtype` at
/// `data`: for argmax the place of the largest, counted from 0, or its label; for topk an array of
/// `{"index":PLACE,"score":NUMBER}` or `{"label":LABEL,"score":NUMBER}`, the largest first. Of
/// equal ones the first is taken. `labels` are JSON strings, none or as many as elements. False if
/// an element is not finite.
bool AppendPicked(const Output& output, Dtype dtype, size_t count, const char* data,
                  const std::vector<std::string>& labels, std::string& out);

}  // namespace rk
