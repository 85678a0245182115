#include "lib/torch/torchscript.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/runtime/jit_exception.h>
#include <torch/csrc/jit/serialization/import.h>

#include "lib/base/error.h"
#include "lib/torch/device.h"
#include "lib/torch/lendable.h"
#include "lib/torch/tensors.h"

namespace rk {
namespace {

constexpr char kSignatureFile[] = "rk.json";

using Functions = std::shared_ptr<torch::jit::CompilationUnit>;

// Throws if the model works on a device that is not there, wherever its file is loaded to: scripted
// code may name one, and a trace names that of its example.
void RefuseDevice(const std::exception& failure) {
  const std::string device = DeviceNotThere(failure);
  if (device.empty()) return;
  throw Error(ErrorKind::kUnavailable,
              fmt::format("the model makes tensors on the device {}, which is not here, whatever "
                          "--device says: trace or script it on the CPU, and take devices from its "
                          "inputs",
                          device));
}

// Throws if the model wants an operator that LibTorch does not have.
void RefuseOperator(const std::string& file, std::string_view text) {
  constexpr std::string_view kUnknown = "Unknown builtin op: ";
  const size_t found = text.find(kUnknown);
  if (found == std::string_view::npos) return;
  std::string_view name = text.substr(found + kUnknown.size());
  name = name.substr(0, std::min(name.find_first_of(" \n"), name.size()));
  if (name.ends_with('.')) name.remove_suffix(1);
  throw Error(ErrorKind::kBadData,
              fmt::format("{} needs the operator {}, which this LibTorch does not have: it is of "
                          "another library, such as torchvision, or of a newer LibTorch; export "
                          "the model without it",
                          file, name));
}

class TorchScript : public Model {
 public:
  TorchScript(torch::jit::Module module, Functions functions, c10::Device device,
              std::string signature, std::vector<Argument> arguments)
      : functions_(std::move(functions)),
        module_(std::move(module)),
        device_(device),
        signature_(std::move(signature)),
        arguments_(std::move(arguments)),
        lendable_(LendableArguments(module_)) {}

  std::string signature() const override { return signature_; }
  std::vector<Argument> arguments() const override { return arguments_; }

  std::span<const ModelValue> Run(std::span<const ModelValue> inputs) override {
    const c10::InferenceMode inference;
    // Without the optimising executor: it profiles the first call and compiles for what it saw
    // there (35 ms and 1 ms for the first two calls of a three-layer MLP), again for what that does
    // not fit, and gained nothing on a CPU. Frozen and plainly interpreted such a call takes 11 us,
    // and the first with a new batch size 0.3 ms at most.
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    results_.Clear();
    try {
      Take(module_.forward(Arguments(inputs)));
      ran_ = true;
    } catch (const Error&) {
      throw;
    } catch (const torch::jit::JITException& raised) {
      throw ModelFailure(ReasonOf(raised), ModelFailure::Kind::kRaised);
    } catch (const std::exception& failure) {
      if (!ran_) RefuseDevice(failure);
      throw FailureOf(failure);
    }
    return results_.values();
  }

 private:
  std::vector<c10::IValue> Arguments(std::span<const ModelValue> inputs) const {
    std::vector<c10::IValue> arguments;
    arguments.reserve(inputs.size() + 1);  // the module comes before them
    for (size_t i = 0; i < inputs.size(); ++i) {
      const ModelValue& input = inputs[i];
      if (input.strings) {
        arguments.emplace_back(
            std::vector<std::string>(input.strings->begin(), input.strings->end()));
      } else if (device_.is_cpu() && i < lendable_.size() && lendable_[i] &&
                 IsAligned(input.tensor)) {
        arguments.emplace_back(LentTensor(input.tensor));
      } else {
        arguments.emplace_back(ToTensor(input.tensor, device_));
      }
    }
    return arguments;
  }

  void Take(const c10::IValue& result) {
    if (result.isTuple()) {
      for (const c10::IValue& element : result.toTupleRef().elements()) Add("", element);
    } else if (result.isTensorList()) {
      for (const at::Tensor& tensor : result.toTensorVector()) results_.Add("", tensor);
    } else if (result.isGenericDict()) {
      for (const auto& entry : result.toGenericDict()) {
        if (!entry.key().isString()) RefuseResult(result);
        Add(entry.key().toStringRef(), entry.value());
      }
    } else {
      Add("", result);
    }
  }

  void Add(const std::string& name, const c10::IValue& value) {
    if (value.isTensor()) return results_.Add(name, value.toTensor());
    if (!IsStringList(value)) RefuseResult(value);
    results_.Add(name, value.to<std::vector<std::string>>());
  }

  static bool IsStringList(const c10::IValue& value) {
    return value.isList() && value.toListRef().empty()
               ? value.type()->containedType(0)->kind() == c10::TypeKind::StringType
               : value.isList() && value.toListRef()[0].isString();
  }

  [[noreturn]] static void RefuseResult(const c10::IValue& value) {
    throw Error(
        ErrorKind::kConfiguration,
        fmt::format("the model returns a {}: it must return a tensor or a list of strings, a tuple "
                    "of these, or a dict of them by name",
                    value.type()->repr_str()));
  }

  // Those of the module as it was loaded: see Freeze().
  Functions functions_;
  torch::jit::Module module_;
  c10::Device device_;
  std::string signature_;
  std::vector<Argument> arguments_;
  std::vector<bool> lendable_;  // by argument
  Results results_;
  bool ran_ = false;
};

// Those of forward(), but the module itself.
std::vector<Argument> ArgumentsOf(const torch::jit::Module& module) {
  std::vector<Argument> arguments;
  for (const c10::Argument& one : module.get_method("forward").function().getSchema().arguments()) {
    if (one.name() != "self") arguments.push_back({one.name()});
  }
  return arguments;
}

// Freezing inlines each function of a copy of the module and then deletes it, but where an
// operation of it fails, the interpreter asks it for its name through a bare pointer: the process
// would end. So they are inlined before: then it asks the functions of the module that was loaded,
// and these have to live as long as the frozen one.
torch::jit::Module Freeze(const torch::jit::Module& module) {
  torch::jit::Inline(*module.get_method("forward").graph());
  // Folding operations into each other would change results in the last bits.
  return torch::jit::freeze(module, std::nullopt, /*optimize_numerics=*/false);
}

}  // namespace

std::unique_ptr<Model> LoadTorchScript(const std::string& file, c10::Device device) {
  try {
    torch::jit::ExtraFilesMap extra = {{kSignatureFile, ""}};
    torch::jit::Module module = torch::jit::load(file, device, extra);
    module.eval();
    Functions functions = module._ivalue()->compilation_unit();
    std::vector<Argument> arguments = ArgumentsOf(module);
    return std::make_unique<TorchScript>(Freeze(module), std::move(functions), device,
                                         extra[kSignatureFile], std::move(arguments));
  } catch (const std::exception& error) {
    RefuseDevice(error);
    RefuseOperator(file, error.what());
    throw Error(
        ErrorKind::kBadData,
        fmt::format("{} is not a TorchScript model that this LibTorch can load: {}; make one "
                    "with torch.jit.script(model).save(...)",
                    file, FirstSentenceOf(error)));
  }
}

}  // namespace rk
