#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/batch/tensor.h"

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

/// The bytes of one element that is not a number; empty for a dtype that has none.
std::string NanElement(Dtype dtype);

}  // namespace rk
