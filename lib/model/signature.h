#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/json/extract.h"

namespace rk {

/// One argument of the model: a tensor, and the fields of a record that make up its row.
struct Input {
  Dtype dtype = Dtype::kF32;
  std::vector<int64_t> shape;  ///< of one row; empty for a bare number
  size_t row_bytes = 0;
  std::vector<Field> fields;  ///< `row` is left 0
};

/// Reads an input spec: `PATH:DTYPE` for a number, `PATH:DTYPE[2,3]` for an array, and
/// `{PATH,PATH=NUMBER,…}:DTYPE` for fields packed in a vector, `=` giving what stands for a field
/// that a record does not have; there may be space around the commas. Throws Error(kUsage) that
/// shows the spec and says what is wrong.
Input ParseInput(std::string_view spec);

/// What goes into a model and what comes out.
struct Signature {
  std::vector<Input> inputs;         ///< in the order of the model's arguments
  std::vector<std::string> outputs;  ///< names; empty: as the model has them
};

/// The signature of the command line (`inputs` are specs) and, where that says nothing, of the
/// model's file. Throws Error(kUsage) if neither names inputs, Error(kConfiguration) for a file's
/// that is wrong. In each field `row` is the argument it belongs to.
Signature MakeSignature(const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs, std::string_view model_signature);

}  // namespace rk
