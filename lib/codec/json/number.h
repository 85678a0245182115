#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lib/batch/frame.h"

namespace rk {

/// The word for a dtype in an input spec: f32, f64, i32, i64, u8, bool.
std::string_view NameOf(Dtype dtype);

/// Stores a number in `out` as one element of `dtype`. False, with nothing stored, if it does not
/// fit: an integer out of range, a double over the largest float32, a fraction for an integer.
bool StoreNumber(Dtype dtype, double number, char* out);
bool StoreNumber(Dtype dtype, int64_t number, char* out);
bool StoreNumber(Dtype dtype, uint64_t number, char* out);

/// The bytes of one element of `dtype` for what a person wrote in a spec, e.g. `0`, `-1.5`, `true`;
/// empty if the text is no number of that dtype.
std::string EncodeNumber(Dtype dtype, std::string_view text);

/// Appends as JSON the tensor of `shape` that starts at `data`: nested arrays, or a bare number
/// where it has one element only. Floats take the shortest form that reads back to the same value
/// of their type. False, with something useless appended, if one is not finite: JSON has no such
/// number.
bool AppendTensor(Dtype dtype, std::span<const int64_t> shape, const char* data, std::string& out);

}  // namespace rk
