#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "lib/infer/backend.h"
#include "lib/onnx/runtime.h"

/// Inside lib/onnx only.
namespace rk::onnx {

/// What a call gave, until the next one.
class Results {
 public:
  void Clear();
  /// Takes an output over. Throws Error(kConfiguration) for one that cannot go into records.
  void Add(const std::string& name, Owned<OrtValue> output);
  std::span<const ModelValue> values() const { return values_; }

 private:
  void AddTensor(const std::string& name, Owned<OrtValue> output);
  void AddStrings(ModelValue value, const OrtValue& output, size_t count);
  void AddMaps(const std::string& name, const OrtValue& output);
  void TakeKeys(const OrtValue& keys, ModelValue& value);
  std::vector<std::string> StringsOf(const OrtValue& tensor, size_t count);

  // What values_ point to stays in place.
  std::deque<Owned<OrtValue>> outputs_;
  std::deque<std::vector<char>> numbers_;
  std::deque<std::string> strings_;
  std::vector<ModelValue> values_;
};

}  // namespace rk::onnx
