#include "lib/infer/backend_module.h"

#include <dlfcn.h>

#include <fstream>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

[[noreturn]] void Fail(const std::string& why) { throw Error(ErrorKind::kUnavailable, why); }

}  // namespace

std::string BackendFor(const std::string& model_file) {
  if (model_file.ends_with(".onnx")) return "onnx";
  // Both of PyTorch's kinds are ZIP archives; ONNX begins with its version, a field of number 1.
  constexpr char kFirstField = 0x08;
  const bool known = model_file.ends_with(".pt") || model_file.ends_with(".pt2");
  return !known && std::ifstream(model_file).get() == kFirstField ? "onnx" : "torch";
}

Backend& OpenBackend(const std::string& name, const std::vector<std::filesystem::path>& folders) {
  const Module module = OpenModule(name, "models of this kind need", folders);
  const auto* abi = static_cast<const char*>(dlsym(module.handle, "rk_backend_abi"));
  const auto make = reinterpret_cast<decltype(&rk_backend)>(dlsym(module.handle, "rk_backend"));
  if (abi == nullptr || make == nullptr) Fail(fmt::format("{} is no backend of rk", module.file));
  if (std::string_view(abi) != rk_backend_abi) {
    Fail(
        fmt::format("{} is of another build ({}) than rk-infer ({}): install rk and rk-{} of one "
                    "version",
                    module.file, abi, rk_backend_abi, name));
  }
  return *make();
}

}  // namespace rk
