#include "lib/infer/backend_module.h"

#include <dlfcn.h>

#include <algorithm>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const std::string& why) { throw Error(ErrorKind::kUnavailable, why); }

fs::path Find(const std::string& name, const std::vector<fs::path>& folders) {
  const std::string file = fmt::format("librk-{}.so", name);
  std::string looked;
  for (const fs::path& folder : folders) {
    std::error_code error;
    if (fs::exists(folder / file, error)) return folder / file;
    looked += (looked.empty() ? "" : ", ") + folder.string();
  }
  Fail(fmt::format("no {} in {}: models of this kind need the package rk-{}", file, looked, name));
}

}  // namespace

std::string BackendFor(const std::string& model_file) {
  if (model_file.ends_with(".onnx")) return "onnx";
  // Both of PyTorch's kinds are ZIP archives; ONNX begins with its version, a field of number 1.
  constexpr char kFirstField = 0x08;
  const bool known = model_file.ends_with(".pt") || model_file.ends_with(".pt2");
  return !known && std::ifstream(model_file).get() == kFirstField ? "onnx" : "torch";
}

std::vector<fs::path> ModuleFolders() {
  std::error_code error;
  const fs::path bin = fs::read_symlink("/proc/self/exe", error).parent_path();
  std::vector<fs::path> folders;
  for (const char* libraries : {"lib", RK_LIBRARY_FOLDER, "lib/" RK_MULTIARCH}) {
    const fs::path folder = (bin / ".." / libraries / "rk").lexically_normal();
    if (std::find(folders.begin(), folders.end(), folder) == folders.end()) {
      folders.push_back(folder);
    }
  }
  return folders;
}

Backend& OpenBackend(const std::string& name, const std::vector<fs::path>& folders) {
  const fs::path file = Find(name, folders);
  // Lazily: a LibTorch of which only the part for the CPU is there names functions that are not,
  // and binding all at once would take longer. Locally: nothing else looks for symbols in it.
  void* module = dlopen(file.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (module == nullptr) Fail(fmt::format("{} cannot be loaded: {}", file.string(), dlerror()));
  const auto* abi = static_cast<const char*>(dlsym(module, "rk_backend_abi"));
  const auto make = reinterpret_cast<decltype(&rk_backend)>(dlsym(module, "rk_backend"));
  if (abi == nullptr || make == nullptr) Fail(fmt::format("{} is no backend of rk", file.string()));
  if (std::string_view(abi) != rk_backend_abi) {
    Fail(
        fmt::format("{} is of another build ({}) than rk-infer ({}): install rk and rk-{} of one "
                    "version",
                    file.string(), abi, rk_backend_abi, name));
  }
  return *make();
}

}  // namespace rk
