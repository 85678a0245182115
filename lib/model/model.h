#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "lib/batch/frame.h"

namespace rk {

/// The model threw on the rows it was given; other rows may be fine. The message is one line.
class ModelFailure : public std::runtime_error {
 public:
  ModelFailure(const std::string& message, bool raised)
      : std::runtime_error(message), raised_(raised) {}

  /// True if the model's own code refused the values (a `raise` or a failed `assert` in it), false
  /// if an operation could not be done, e.g. on a tensor of that shape.
  bool raised() const { return raised_; }

 private:
  bool raised_;
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
  virtual std::span<const ColumnView> Run(std::span<const ColumnView> inputs) = 0;
};

}  // namespace rk
