#include "lib/onnx/results.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/onnx/element.h"

namespace rk::onnx {
namespace {

struct TensorInfo {
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  std::vector<int64_t> shape;
  size_t count = 0;
};

TensorInfo InfoOf(const OrtValue& tensor) {
  const auto info = Make<OrtTensorTypeAndShapeInfo>(Api().GetTensorTypeAndShape, &tensor);
  TensorInfo found;
  Check(Api().GetTensorElementType(info.get(), &found.type));
  Check(Api().GetTensorShapeElementCount(info.get(), &found.count));
  size_t rank = 0;
  Check(Api().GetDimensionsCount(info.get(), &rank));
  found.shape.resize(rank);
  Check(Api().GetDimensions(info.get(), found.shape.data(), rank));
  return found;
}

const char* DataOf(const OrtValue& tensor) {
  void* data = nullptr;  // the C interface has no other for reading
  Check(Api().GetTensorMutableData(const_cast<OrtValue*>(&tensor), &data));
  return static_cast<const char*>(data);
}

Owned<OrtValue> PartOf(const OrtValue& value, int index) {
  return Make<OrtValue>(Api().GetValue, &value, index, HostAllocator());
}

[[noreturn]] void Refuse(const std::string& name, std::string_view what) {
  throw Error(ErrorKind::kConfiguration,
              fmt::format("output \"{}\" of the model is {}: it must be a tensor of numbers or "
                          "booleans, a string a row, or a map from names to numbers a row; choose "
                          "others with --output",
                          name, what));
}

}  // namespace

void Results::Clear() {
  values_.clear();
  outputs_.clear();
  numbers_.clear();
  strings_.clear();
}

void Results::Add(const std::string& name, Owned<OrtValue> output) {
  ONNXType type = ONNX_TYPE_UNKNOWN;
  Check(Api().GetValueType(output.get(), &type));
  if (type == ONNX_TYPE_TENSOR) return AddTensor(name, std::move(output));
  if (type != ONNX_TYPE_SEQUENCE) Refuse(name, "neither a tensor nor a sequence");
  AddMaps(name, *output);
}

void Results::AddTensor(const std::string& name, Owned<OrtValue> output) {
  TensorInfo info = InfoOf(*output);
  ModelValue value;
  value.tensor.name = name;
  value.tensor.shape = std::move(info.shape);
  if (value.tensor.shape.empty()) value.tensor.shape = {1};  // a bare number, for one row
  if (info.type == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING) {
    return AddStrings(std::move(value), *output, info.count);
  }
  const Element* const element = FindElement(info.type);
  if (element == nullptr) Refuse(name, "a tensor of something else");
  value.tensor.dtype = element->dtype;
  const char* const data = DataOf(*output);
  if (element->same) {
    value.tensor.data = {data, info.count * element->size};
    outputs_.push_back(std::move(output));
  } else {
    std::vector<char>& wide = numbers_.emplace_back();
    Widen(*element, data, info.count, wide);
    value.tensor.data = {wide.data(), wide.size()};
  }
  values_.push_back(std::move(value));
}

void Results::AddStrings(ModelValue value, const OrtValue& output, size_t count) {
  if (static_cast<int64_t>(count) != value.tensor.shape[0]) {
    Refuse(std::string(value.tensor.name), "a tensor of several strings a row");
  }
  value.tensor.shape.resize(1);
  value.strings.emplace();
  for (std::string& string : StringsOf(output, count)) {
    value.strings->push_back(strings_.emplace_back(std::move(string)));
  }
  values_.push_back(std::move(value));
}

std::vector<std::string> Results::StringsOf(const OrtValue& tensor, size_t count) {
  std::vector<std::string> strings(count);
  for (size_t i = 0; i < count; ++i) {
    size_t size = 0;
    Check(Api().GetStringTensorElementLength(&tensor, i, &size));
    strings[i].resize(size);
    Check(Api().GetStringTensorElement(&tensor, size, i, strings[i].data()));
  }
  return strings;
}

// What ZipMap makes of a matrix: for each row the same keys with other numbers. It becomes the
// matrix again, with the keys as names of its columns.
void Results::AddMaps(const std::string& name, const OrtValue& output) {
  size_t rows = 0;
  Check(Api().GetValueCount(&output, &rows));
  ModelValue value;
  value.tensor.name = name;
  std::vector<char>& numbers = numbers_.emplace_back();
  for (size_t row = 0; row < rows; ++row) {
    const Owned<OrtValue> map = PartOf(output, static_cast<int>(row));
    ONNXType type = ONNX_TYPE_UNKNOWN;
    Check(Api().GetValueType(map.get(), &type));
    if (type != ONNX_TYPE_MAP) Refuse(name, "a sequence of something else than maps");
    const Owned<OrtValue> elements = PartOf(*map, 1);
    const TensorInfo info = InfoOf(*elements);
    const Element* const element = FindElement(info.type);
    if (element == nullptr || !element->same) Refuse(name, "maps to something else than numbers");
    if (row == 0) {
      value.tensor.dtype = element->dtype;
      TakeKeys(*PartOf(*map, 0), value);
    }
    if (info.count != value.keys.size()) Refuse(name, "maps with other keys from row to row");
    const char* const data = DataOf(*elements);
    numbers.insert(numbers.end(), data, data + info.count * element->size);
  }
  value.tensor.shape = {static_cast<int64_t>(rows), static_cast<int64_t>(value.keys.size())};
  value.tensor.data = {numbers.data(), numbers.size()};
  values_.push_back(std::move(value));
}

void Results::TakeKeys(const OrtValue& keys, ModelValue& value) {
  const TensorInfo info = InfoOf(keys);
  if (info.type == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING) {
    for (std::string& key : StringsOf(keys, info.count)) {
      value.keys.push_back(strings_.emplace_back(std::move(key)));
    }
    return;
  }
  const auto* const numbers = reinterpret_cast<const int64_t*>(DataOf(keys));
  for (size_t i = 0; i < info.count; ++i) {
    value.keys.push_back(strings_.emplace_back(fmt::to_string(numbers[i])));
  }
}

}  // namespace rk::onnx
