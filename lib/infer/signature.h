#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/codec/field.h"

namespace rk {

/// One argument of the model: a tensor, and where its rows come from: the fields of a record, or a
/// tensor column of the frame; or a list of strings, of one field.
struct Input {
  std::string spec;    ///< as it was written
  std::string column;  ///< of that name; empty: from the fields
  bool text = false;   ///< strings; then dtype, shape and row_bytes do not count
  Dtype dtype = Dtype::kF32;
  std::vector<int64_t> shape;  ///< of one row; empty for a bare number
  size_t row_bytes = 0;
  std::vector<Field> fields;  ///< `row` is left 0
};

/// Reads an input spec: `PATH:DTYPE` for a number, `PATH:DTYPE[2,3]` for an array, and
/// `{PATH,PATH=NUMBER,…}:DTYPE` for fields packed in a vector, `=` giving what stands for a field
/// that a record does not have; there may be space around the commas. `PATH:str` is a string,
/// `@NAME:DTYPE[SHAPE]` a row of the frame's tensor column of that name. Throws Error(kUsage) that
/// shows the spec and says what is wrong.
Input ParseInput(std::string_view spec);

/// One output of the model, and what of it goes into a record.
struct Output {
  enum class Pick {
    kAll,     ///< the row as it is
    kArgmax,  ///< the place of its largest number, or the label of that place
    kTopK,    ///< the `k` largest, with their places or labels
  };

  std::string name;
  Pick pick = Pick::kAll;
  size_t k = 0;
};

/// Reads an output spec: NAME, NAME:argmax or NAME:topk=K. Throws Error(kUsage) that shows it.
Output ParseOutput(std::string_view spec);

/// What goes into a model and what comes out.
struct Signature {
  std::vector<Input> inputs;        ///< in the order of the model's arguments
  std::vector<Output> outputs;      ///< empty: as the model has them
  std::vector<std::string> labels;  ///< of the places in an output that is picked from; maybe none
};

/// The signature of the command line (`inputs` and `outputs` are specs) and, where that says
/// nothing, of the model's file. Throws Error(kUsage) if neither names inputs,
/// Error(kConfiguration) for a file's that is wrong. In each field `row` is the argument it belongs
/// to.
Signature MakeSignature(const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs, std::string_view model_signature,
                        const std::vector<std::string>& labels = {});

/// The lines of a file of labels. Throws Error(kMissing) or Error(kIo).
std::vector<std::string> ReadLabels(const std::string& file);

}  // namespace rk
