#pragma once

#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "lib/batch/frame.h"

namespace rk {

/// The model threw on the rows it was given; other rows may be fine. The message is one line.
class ModelFailure : public std::runtime_error {
 public:
  enum class Kind {
    kRaised,     ///< the model's own code refused the values (a `raise`, a failed `assert`)
    kMemory,     ///< there was not enough memory, of the machine or of the device
    kOperation,  ///< an operation could not be done, e.g. on a tensor of that shape
  };

  ModelFailure(const std::string& message, Kind kind) : std::runtime_error(message), kind_(kind) {}

  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

/// An argument or an output of a model: a tensor, or a list of strings, one for each row.
struct ModelValue {
  ColumnView tensor;  ///< of strings only its name, and its shape: the number of rows
  std::optional<std::vector<std::string_view>> strings;

  int64_t rows() const { return tensor.shape.empty() ? -1 : tensor.shape[0]; }
};

/// A model on a device. One call at a time, by one thread.
class Model {
 public:
  virtual ~Model() = default;

  /// What the model's own file says of its inputs and outputs (rk.json); empty if it says nothing.
  virtual std::string signature() const = 0;

  /// One call: `inputs` are the arguments in order, all with the same number of rows, in host
  /// memory, and need to live only during the call. The result has an entry for each output, with
  /// the key as its name if the model returns a dict, and is valid until the next call.
  /// Throws ModelFailure, or Error(kConfiguration) if it returns something that is no output.
  virtual std::span<const ModelValue> Run(std::span<const ModelValue> inputs) = 0;
};

}  // namespace rk
