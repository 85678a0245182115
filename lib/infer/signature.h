#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/infer/backend.h"
#include "lib/infer/input_spec.h"
#include "lib/infer/output_spec.h"

namespace rk {

/// What goes into a model and what comes out.
struct Signature {
  std::vector<Input> inputs;        ///< in the order of the model's arguments
  std::vector<Output> outputs;      ///< empty: as the model has them
  std::vector<std::string> labels;  ///< of the places in an output that is picked from; maybe none
  std::string sample = {};          ///< a record's value that the model takes; maybe none
  std::string tokenizer = {};       ///< a file, beside the model's; maybe none
};

/// The signature of the command line (`inputs` and `outputs` are specs) and, where that says
/// nothing, of the model's file. `arguments` are what the model itself says that it takes. Throws
/// Error(kUsage) if neither names inputs, Error(kConfiguration) for a file's that is wrong, and
/// what ExpandTokens() throws. In each field `row` is the argument it belongs to.
Signature MakeSignature(const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs, std::string_view model_signature,
                        const std::vector<std::string>& labels = {},
                        std::span<const Argument> arguments = {});

/// The lines of a file of labels. Throws Error(kMissing) or Error(kIo).
std::vector<std::string> ReadLabels(const std::string& file);

}  // namespace rk
