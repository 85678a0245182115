#pragma once

#include <onnxruntime_c_api.h>

#include <cstddef>
#include <string_view>
#include <vector>

#include "lib/batch/tensor.h"

/// Inside lib/onnx only.
namespace rk::onnx {

/// A type of ONNX's tensors that goes in and out as one of ours: itself, or the next wider that we
/// have.
struct Element {
  ONNXTensorElementDataType type;
  std::string_view name;  ///< as ONNX calls it
  size_t size;            ///< bytes
  Dtype dtype;            ///< ours
  std::string_view word;  ///< what ours is called in a spec
  bool same;              ///< the bytes are the same in both
};

/// Nothing (null) for strings, complex and other types that are no numbers to us.
const Element* FindElement(ONNXTensorElementDataType type);

/// What a type is called, e.g. `float16`, also if it is none of the above.
std::string_view NameOf(ONNXTensorElementDataType type);

/// Writes to `to` as `element` the numbers of its dtype that are in `from`: halves and
/// bfloat16 rounded to the nearest. Throws ModelFailure for one that is out of its range.
void Narrow(const Element& element, std::string_view from, std::vector<char>& to);

/// Writes to `to` as its dtype the `count` numbers of `element` at `from`. Throws ModelFailure for
/// one that we have no type for: an unsigned one of 2^63 or more.
void Widen(const Element& element, const void* from, size_t count, std::vector<char>& to);

}  // namespace rk::onnx
