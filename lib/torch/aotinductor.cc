#include "lib/torch/aotinductor.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>
#include <vector>

#include <ATen/ops/cat.h>
#include <fmt/format.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include "lib/base/error.h"
#include "lib/torch/tensors.h"
#include "lib/torch/unpack_directory.h"

namespace rk {
namespace {

using torch::inductor::AOTIModelPackageLoader;
using Metadata = std::unordered_map<std::string, std::string>;

constexpr char kModelName[] = "model";  // what aoti_compile_and_package() calls the only one
constexpr char kSignatureKey[] = "rk.json";
constexpr std::string_view kNoInstructions = "INVALID_VEC_ISA";  // it uses none but the basic ones

class AotInductor : public Model {
 public:
  /// `unpacked`: whose files are still needed; they go after the package.
  AotInductor(const std::string& file, c10::Device device, std::string signature,
              std::optional<UnpackDirectory> unpacked)
      : device_(device),
        signature_(std::move(signature)),
        unpacked_(std::move(unpacked)),
        package_(file, kModelName, /*run_single_threaded=*/true, /*num_runners=*/1,
                 device.has_index() ? device.index() : c10::DeviceIndex{-1}) {}

  std::string signature() const override { return signature_; }

  std::span<const ModelValue> Run(std::span<const ModelValue> inputs) override {
    const c10::InferenceMode inference;
    const bool alone = !inputs.empty() && inputs[0].rows() == 1;
    try {
      Call(inputs, alone && twice_);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& failure) {
      // A package of one row and no other takes it once.
      if (!alone || !twice_ || ran_ || !Takes(inputs)) throw FailureOf(failure);
    }
    ran_ = true;
    return results_.values();
  }

 private:
  // The compiler takes a dynamic dimension to be 2 at least, whatever its range, and the code
  // checks it: a row alone goes in twice.
  void Call(std::span<const ModelValue> inputs, bool twice) {
    results_.Clear();
    for (const at::Tensor& tensor : package_.run(Arguments(inputs, twice))) {
      results_.Add("", twice && tensor.dim() > 0 ? tensor.narrow(0, 0, 1) : tensor);
    }
  }

  bool Takes(std::span<const ModelValue> row) {
    try {
      Call(row, false);
      twice_ = false;
    } catch (const std::exception&) {
      return false;
    }
    return true;
  }

  std::vector<at::Tensor> Arguments(std::span<const ModelValue> inputs, bool twice) const {
    std::vector<at::Tensor> arguments;
    for (const ModelValue& input : inputs) {
      if (input.strings) {
        throw Error(ErrorKind::kConfiguration,
                    "an AOTInductor package takes tensors only: an input of strings needs "
                    "TorchScript");
      }
      const at::Tensor rows = ToTensor(input.tensor, device_);
      arguments.push_back(twice ? at::cat({rows, rows}) : rows);
    }
    return arguments;
  }

  c10::Device device_;
  std::string signature_;
  std::optional<UnpackDirectory> unpacked_;
  AOTIModelPackageLoader package_;
  bool twice_ = true;  // a row alone
  bool ran_ = false;
  Results results_;
};

// The words of the line that lists what the CPU can: "flags", on ARM "Features".
std::string CpuFlags() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("flags") || line.starts_with("Features")) return line;
  }
  return "";
}

// Before its code is loaded: on a CPU that cannot run it, it would end the process.
void CheckFits(const std::string& file, const Metadata& about, c10::Device device) {
  const auto get = [&about](const char* key) {
    const auto found = about.find(key);
    return found == about.end() ? std::string() : found->second;
  };
  const std::string made_for = get("AOTI_DEVICE_KEY");
  const std::string wanted = c10::DeviceTypeName(device.type(), /*lower_case=*/true);
  if (!made_for.empty() && made_for != wanted) {
    throw Error(ErrorKind::kUnavailable,
                fmt::format("{} was compiled for {}, not for {}: compile it again, or give "
                            "--device {}",
                            file, made_for, wanted, made_for));
  }
  const std::string missing = MissingInstructions(get("AOTI_CPU_ISA"), CpuFlags());
  if (device.is_cpu() && !missing.empty()) {
    throw Error(ErrorKind::kUnavailable,
                fmt::format("{} was compiled for a CPU with {}, which this one does not have: "
                            "compile it on a machine like this one",
                            file, missing));
  }
}

// PyTorch's compiler marks the code so where constants come from assembler, needed or not.
bool WantsExecutableStack(std::string_view reason) {
  return reason.find("executable stack") != std::string_view::npos;
}

}  // namespace

std::string MissingInstructions(std::string_view wanted, std::string_view cpu_flags) {
  if (wanted == kNoInstructions) return "";
  std::istringstream there{std::string(cpu_flags)};
  std::vector<std::string> flags;
  for (std::string flag; there >> flag;) flags.push_back(flag);
  std::istringstream words{std::string(wanted)};
  std::string missing;
  for (std::string word; words >> word;) {
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::string flag = word == "avx512" ? "avx512f" : word;
    if (std::find(flags.begin(), flags.end(), flag) != flags.end()) continue;
    missing += missing.empty() ? word : ", " + word;
  }
  return missing;
}

std::unique_ptr<Model> LoadAotInductor(const std::string& file, c10::Device device) {
  // Its code reads this at the first call, and without it takes a tensor of another type or shape
  // for what it wants.
  static const int checks = ::setenv("AOTI_RUNTIME_CHECK_INPUTS", "1", 1);
  (void)checks;
  std::optional<UnpackDirectory> unpacked(std::in_place);
  const TmpdirSetting tmpdir(unpacked->path());
  try {
    Metadata about = AOTIModelPackageLoader::load_metadata_from_package(file, kModelName);
    CheckFits(file, about, device);
    // What is unpacked for a CPU is mapped by now: a process that is killed leaves nothing. A
    // GPU's kernels are read when they are called first.
    const bool still_needed = !device.is_cpu();
    return std::make_unique<AotInductor>(file, device, about[kSignatureKey],
                                         still_needed ? std::move(unpacked) : std::nullopt);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    unpacked->CheckRoom();
    if (WantsExecutableStack(error.what())) {
      throw Error(ErrorKind::kUnavailable,
                  fmt::format("{} asks for an executable stack, which this system's C library "
                              "refuses: compile it again with inductor_configs "
                              "{{\"aot_inductor.use_consts_asm_build\": False}}",
                              file));
    }
    throw Error(
        ErrorKind::kBadData,
        fmt::format("{} is not an AOTInductor package that this LibTorch can load: {}; make "
                    "one with torch._inductor.aoti_compile_and_package()",
                    file, FirstSentenceOf(error)));
  }
}

}  // namespace rk
