#include "lib/torch/tensors.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <new>
#include <string_view>
#include <utility>

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/alignment.h>
#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

c10::ScalarType TorchTypeOf(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF32:
      return c10::kFloat;
    case Dtype::kF64:
      return c10::kDouble;
    case Dtype::kI32:
      return c10::kInt;
    case Dtype::kI64:
      return c10::kLong;
    case Dtype::kU8:
      return c10::kByte;
    case Dtype::kBool:
      return c10::kBool;
  }
  throw Error(ErrorKind::kBug, "a tensor of an unknown dtype");
}

// What a tensor is handed on as; the narrow types as the next wider that we have.
std::pair<Dtype, c10::ScalarType> HandOnType(c10::ScalarType type) {
  switch (type) {
    case c10::kFloat:
    case c10::kHalf:
    case c10::kBFloat16:
      return {Dtype::kF32, c10::kFloat};
    case c10::kDouble:
      return {Dtype::kF64, c10::kDouble};
    case c10::kInt:
    case c10::kShort:
    case c10::kChar:
      return {Dtype::kI32, c10::kInt};
    case c10::kLong:
      return {Dtype::kI64, c10::kLong};
    case c10::kByte:
      return {Dtype::kU8, c10::kByte};
    case c10::kBool:
      return {Dtype::kBool, c10::kBool};
    default:
      throw Error(
          ErrorKind::kConfiguration,
          fmt::format("the model returns a tensor of {}: it must return numbers or booleans",
                      c10::toString(type)));
  }
}

// What LibTorch's allocators say: of CUDA, and of the CPU.
constexpr std::array<std::string_view, 3> kMemoryWords = {"out of memory", "can't allocate memory",
                                                          "not enough memory"};

// The interpreter throws again what an operation threw, without its type.
bool IsMemory(const std::exception& exception) {
  if (dynamic_cast<const std::bad_alloc*>(&exception) != nullptr) return true;
  const std::string_view text = exception.what();
  return std::any_of(kMemoryWords.begin(), kMemoryWords.end(), [text](std::string_view words) {
    return text.find(words) != std::string_view::npos;
  });
}

// A line of Python's own traceback in a traced model: `FILE.py(12): forward`.
bool IsPythonPlace(std::string_view line) {
  constexpr std::string_view kFile = ".py(";
  const size_t file = line.find(kFile);
  if (file == std::string_view::npos) return false;
  const std::string_view rest = line.substr(file + kFile.size());
  const size_t end = rest.find_first_not_of("0123456789");
  return end != 0 && end != std::string_view::npos && rest.substr(end).starts_with("): ");
}

// Of the traceback that LibTorch puts before the reason: its headlines, and the source it quotes,
// which is indented but for the heads of what follows the place.
bool IsTraceback(std::string_view line) {
  constexpr std::string_view kHeads[] = {" ", "class ", "def ", "The following operation failed",
                                         "Traceback of TorchScript"};
  return IsPythonPlace(line) ||
         std::any_of(std::begin(kHeads), std::end(kHeads),
                     [&](std::string_view head) { return line.starts_with(head); });
}

}  // namespace

bool IsAligned(const ColumnView& column) {
  return reinterpret_cast<uintptr_t>(column.data.data()) % c10::gAlignment == 0;
}

at::Tensor LentTensor(const ColumnView& column) {
  // LibTorch has no view of constant bytes.
  return at::from_blob(const_cast<char*>(column.data.data()), column.shape,
                       TorchTypeOf(column.dtype));
}

at::Tensor ToTensor(const ColumnView& column, c10::Device device) {
  const at::Tensor rows = LentTensor(column);
  return device.is_cpu() ? rows.clone() : rows.to(device);
}

void Results::Clear() {
  values_.clear();
  strings_.clear();
  tensors_.clear();
}

void Results::Add(const std::string& name, const at::Tensor& tensor) {
  const auto [dtype, type] = HandOnType(tensor.scalar_type());
  // A model that squeezes its result returns a bare number for one row.
  const at::Tensor rows = tensor.dim() == 0 ? tensor.reshape({1}) : tensor;
  // Asking LibTorch for what is so already takes as long as a small operation.
  const bool as_is = rows.is_cpu() && rows.scalar_type() == type && rows.is_contiguous();
  const at::Tensor& kept =
      tensors_.emplace_back(as_is ? rows : rows.to(c10::kCPU, type).contiguous());
  values_.push_back({{strings_.emplace_back(name),
                      dtype,
                      kept.sizes().vec(),
                      {static_cast<const char*>(kept.const_data_ptr()), kept.nbytes()}},
                     std::nullopt});
}

void Results::Add(const std::string& name, const std::vector<std::string>& strings) {
  ModelValue value;
  value.tensor.name = strings_.emplace_back(name);
  value.tensor.shape = {static_cast<int64_t>(strings.size())};
  value.strings.emplace();
  for (const std::string& string : strings) {
    value.strings->push_back(strings_.emplace_back(string));
  }
  values_.push_back(std::move(value));
}

// What follows of such a line is for who makes a LibTorch.
constexpr std::string_view kAdvice = " This could be because the operator doesn't exist";

// LibTorch puts a traceback before it or a C++ one behind.
std::string ReasonOf(const std::exception& exception) {
  std::string_view rest = exception.what();
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!line.empty() && !IsTraceback(line)) return std::string(line.substr(0, line.find(kAdvice)));
  }
  return "it does not say why";
}

std::string FirstSentenceOf(const std::exception& exception) {
  const std::string reason = ReasonOf(exception);
  return reason.substr(0, reason.find(". "));
}

std::string DeviceNotThere(const std::exception& exception) {
  constexpr std::string_view kBefore = " with arguments from the '";
  constexpr std::string_view kBehind = "' backend";
  const std::string_view text = exception.what();
  const size_t before = text.find(kBefore);
  if (before == std::string_view::npos) return "";
  const std::string_view rest = text.substr(before + kBefore.size());
  const size_t end = rest.find(kBehind);
  std::string device(rest.substr(0, end == std::string_view::npos ? 0 : end));
  std::transform(device.begin(), device.end(), device.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return device == "cpu" ? "" : device;
}

ModelFailure FailureOf(const std::exception& exception) {
  return {ReasonOf(exception),
          IsMemory(exception) ? ModelFailure::Kind::kMemory : ModelFailure::Kind::kOperation};
}

}  // namespace rk
