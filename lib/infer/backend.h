#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "lib/batch/tensor.h"

/// What rk-infer and a backend, the module that runs models of a kind, have in common.
///
/// A module is built of this header and those that it includes, and links no library of ours: what
/// crosses are classes whose code is all in headers. So nothing of the executable is exported, no
/// function of ours is there twice, and an exception thrown on one side is caught on the other,
/// since libstdc++ knows types by their names. One compiler and the same headers must have made
/// both: rk_backend_abi says so.
namespace rk {

/// The model threw on the rows it was given; other rows may be fine. The message is one line.
class ModelFailure : public std::runtime_error {
 public:
  enum class Kind {
    kRaised,     ///< the model's own code refused the values (a `raise`, a failed `assert`)
    kMemory,     ///< there was not enough memory, of the machine or of the device
    kOperation,  ///< an operation could not be done, e.g. on a tensor of that shape
    kRows,       ///< it returned another number of rows than it was given
  };

  ModelFailure(const std::string& message, Kind kind) : std::runtime_error(message), kind_(kind) {}

  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

/// An argument or an output of a model: a tensor, or a list of strings, one for each row.
struct ModelValue {
  ColumnView tensor;  ///< of strings only its name, and its shape: the number of rows
  std::optional<std::vector<std::string_view>> strings = {};
  /// Of an output whose rows are vectors: names of their elements, if it has any. A record gets an
  /// object of these.
  std::vector<std::string_view> keys = {};

  int64_t rows() const { return tensor.shape.empty() ? -1 : tensor.shape[0]; }
};

/// An argument that a model takes.
struct Argument {
  std::string name;
  Dtype dtype = Dtype::kI64;  ///< of a tensor; where the model does not say, what tokens are
  /// Where the model's file says type and shape: as an input spec, with names for what is open.
  std::string spec = {};
};

/// A model on a device. One call at a time, by one thread.
class Model {
 public:
  virtual ~Model() = default;

  /// What the model's own file says of its inputs and outputs (rk.json); empty if it says nothing.
  virtual std::string signature() const = 0;

  /// What it takes, in order, as far as it says; nothing if it names no arguments.
  virtual std::vector<Argument> arguments() const { return {}; }

  /// One call: `inputs` are the arguments in order, all with the same number of rows, in host
  /// memory, and need to live only during the call. The result has an entry for each output, with
  /// the key as its name if the model returns a dict, and is valid until the next call.
  /// Throws ModelFailure, or Error(kConfiguration) if it returns something that is no output.
  virtual std::span<const ModelValue> Run(std::span<const ModelValue> inputs) = 0;
};

/// What runs models of a kind. There is one of each in a process.
class Backend {
 public:
  virtual ~Backend() = default;

  /// How many threads of the CPU one operation may use. At most once, before a model is loaded.
  virtual void UseThreads(int threads) = 0;

  /// Loads the model in `file`, which is there, onto the device of that name: cpu, cuda, cuda:1, ….
  /// Any thread, also while models of before are called. Throws Error(kBadData) if it is no model,
  /// Error(kUsage) for a name that is no device's, and Error(kUnavailable) if that device is not
  /// there, or the model is not for it.
  virtual std::unique_ptr<Model> Load(const std::string& file, const std::string& device) = 0;
};

}  // namespace rk

// NOLINTBEGIN(readability-identifier-naming): names of C
/// What every module exports.
extern "C" {
/// The build that it goes with: version, compiler, and a sum of the headers that both are built of.
/// rk-infer has the same.
extern const char rk_backend_abi[];
/// The backend itself, which lives as long as the process. The first call makes it.
rk::Backend* rk_backend();
}
// NOLINTEND(readability-identifier-naming)
