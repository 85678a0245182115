#include "lib/model/torchscript.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/runtime/jit_exception.h>
#include <torch/script.h>

#include "lib/batch/error.h"
#include "lib/model/device.h"

namespace rk {
namespace {

constexpr char kSignatureFile[] = "rk.json";

// The line of an exception's text that says what happened: LibTorch puts a traceback, indented and
// with a headline, before it or a C++ one behind.
std::string Reason(const std::exception& exception) {
  std::string_view rest = exception.what();
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!line.empty() && line[0] != ' ' && !line.starts_with("The following operation failed") &&
        !line.starts_with("Traceback of TorchScript")) {
      return std::string(line);
    }
  }
  return "it does not say why";
}

// LibTorch goes on with guesses about how the file came to be broken.
std::string FirstSentence(const std::string& text) { return text.substr(0, text.find(". ")); }

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

class TorchScript : public Model {
 public:
  TorchScript(torch::jit::Module module, c10::Device device, std::string signature)
      : module_(std::move(module)), device_(device), signature_(std::move(signature)) {}

  std::string signature() const override { return signature_; }

  std::span<const ColumnView> Run(std::span<const ColumnView> inputs) override {
    const c10::InferenceMode inference;
    // Without the optimising executor: it profiles the first call and compiles for what it saw
    // there (35 ms and 1 ms for the first two calls of a three-layer MLP), again for what that does
    // not fit, and gained nothing on a CPU. Frozen and plainly interpreted such a call takes 11 us,
    // and the first with a new batch size 0.3 ms at most.
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    views_.clear();
    tensors_.clear();
    names_.clear();
    try {
      Take(module_.forward(Arguments(inputs)));
    } catch (const Error&) {
      throw;
    } catch (const torch::jit::JITException& raised) {
      throw ModelFailure(Reason(raised), true);
    } catch (const std::exception& failure) {
      throw ModelFailure(Reason(failure), false);
    }
    return views_;
  }

 private:
  std::vector<c10::IValue> Arguments(std::span<const ColumnView> inputs) const {
    std::vector<c10::IValue> arguments;
    for (const ColumnView& input : inputs) {
      // LibTorch has no view of constant bytes.
      const at::Tensor rows = torch::from_blob(const_cast<char*>(input.data.data()), input.shape,
                                               TorchTypeOf(input.dtype));
      // Always a copy: a model may write to its arguments or keep them, and if it throws, the rows
      // are needed again.
      arguments.emplace_back(device_.is_cpu() ? rows.clone() : rows.to(device_));
    }
    return arguments;
  }

  void Take(const c10::IValue& result) {
    if (result.isTensor()) {
      Add("", result.toTensor());
    } else if (result.isTuple()) {
      for (const c10::IValue& element : result.toTupleRef().elements()) Add("", TensorOf(element));
    } else if (result.isTensorList()) {
      for (const at::Tensor& tensor : result.toTensorVector()) Add("", tensor);
    } else if (result.isGenericDict()) {
      for (const auto& entry : result.toGenericDict()) {
        if (!entry.key().isString()) RefuseResult(result);
        Add(entry.key().toStringRef(), TensorOf(entry.value()));
      }
    } else {
      RefuseResult(result);
    }
  }

  static const at::Tensor& TensorOf(const c10::IValue& value) {
    if (!value.isTensor()) RefuseResult(value);
    return value.toTensor();
  }

  [[noreturn]] static void RefuseResult(const c10::IValue& value) {
    throw Error(
        ErrorKind::kConfiguration,
        fmt::format("the model returns a {}: it must return a tensor, a tuple of tensors or "
                    "a dict of tensors by name",
                    value.type()->repr_str()));
  }

  void Add(const std::string& name, const at::Tensor& tensor) {
    const auto [dtype, type] = HandOnType(tensor.scalar_type());
    // A model that squeezes its result returns a bare number for one row.
    const at::Tensor rows = tensor.dim() == 0 ? tensor.reshape({1}) : tensor;
    tensors_.push_back(rows.to(c10::kCPU, type).contiguous());
    names_.push_back(name);
    const at::Tensor& kept = tensors_.back();
    views_.push_back({names_.back(),
                      dtype,
                      kept.sizes().vec(),
                      {static_cast<const char*>(kept.const_data_ptr()), kept.nbytes()}});
  }

  torch::jit::Module module_;
  c10::Device device_;
  std::string signature_;

  // The last call's result.
  std::vector<at::Tensor> tensors_;
  std::deque<std::string> names_;  // what views_ point to stays in place
  std::vector<ColumnView> views_;
};

void CheckFile(const std::string& file) {
  if (::access(file.c_str(), R_OK) == 0) return;
  const int error = errno;
  throw Error(error == ENOENT || error == ENOTDIR ? ErrorKind::kMissing : ErrorKind::kIo,
              fmt::format("model {}: {}", file, std::strerror(error)));
}

}  // namespace

std::unique_ptr<Model> LoadTorchScript(const std::string& file, const std::string& device_name) {
  CheckFile(file);
  const c10::Device device = FindDevice(device_name);
  try {
    torch::jit::ExtraFilesMap extra = {{kSignatureFile, ""}};
    torch::jit::Module module = torch::jit::load(file, device, extra);
    module.eval();
    // Folding operations into each other would change results in the last bits.
    module = torch::jit::freeze(module, std::nullopt, /*optimize_numerics=*/false);
    return std::make_unique<TorchScript>(std::move(module), device, extra[kSignatureFile]);
  } catch (const std::exception& error) {
    throw Error(ErrorKind::kBadData,
                fmt::format("{} is no TorchScript model that this LibTorch can load: {}; make one "
                            "with torch.jit.script(model).save(...)",
                            file, FirstSentence(Reason(error))));
  }
}

}  // namespace rk
