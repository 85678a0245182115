#pragma once

#include <deque>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/infer/backend.h"

/// Inside lib/torch only: what its models share of LibTorch.
namespace rk {

/// A copy of an argument's bytes as a tensor on `device`: a model may write to its arguments or
/// keep them, and if it throws, the rows are needed again.
at::Tensor ToTensor(const ColumnView& column, c10::Device device);

/// Whether the bytes begin where LibTorch's own would: with others, sums differ in the last bits.
bool IsAligned(const ColumnView& column);

/// The bytes themselves as a tensor, for a model that does neither (lib/torch/lendable.h).
at::Tensor LentTensor(const ColumnView& column);

/// What a call gave, in host memory, until the next one.
class Results {
 public:
  void Clear();
  /// Throws Error(kConfiguration) for a tensor of neither numbers nor booleans.
  void Add(const std::string& name, const at::Tensor& tensor);
  void Add(const std::string& name, const std::vector<std::string>& strings);
  std::span<const ModelValue> values() const { return values_; }

 private:
  // What values_ point to stays in place.
  std::deque<at::Tensor> tensors_;
  std::deque<std::string> strings_;
  std::vector<ModelValue> values_;
};

/// The line of an exception's text that says what happened.
std::string ReasonOf(const std::exception& exception);

/// Its first sentence: LibTorch goes on with guesses.
std::string FirstSentenceOf(const std::exception& exception);

/// The device, e.g. `cuda`, that an operation was to be done on and that this LibTorch cannot use;
/// empty if that is not what failed.
std::string DeviceNotThere(const std::exception& exception);

/// What LibTorch threw in a call that the model's own code did not raise.
ModelFailure FailureOf(const std::exception& exception);

}  // namespace rk
