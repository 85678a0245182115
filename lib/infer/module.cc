#include "lib/infer/module.h"

#include <dlfcn.h>

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

namespace fs = std::filesystem;

fs::path Find(const std::string& name, std::string_view who_need,
              const std::vector<fs::path>& folders) {
  const std::string file = fmt::format("librk-{}.so", name);
  std::string looked;
  for (const fs::path& folder : folders) {
    std::error_code error;
    if (fs::exists(folder / file, error)) return folder / file;
    looked += (looked.empty() ? "" : ", ") + folder.string();
  }
  throw Error(ErrorKind::kUnavailable,
              fmt::format("no {} in {}: {} the package rk-{}", file, looked, who_need, name));
}

}  // namespace

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

Module OpenModule(const std::string& name, std::string_view who_need,
                  const std::vector<fs::path>& folders) {
  const std::string file = Find(name, who_need, folders);
  // Lazily: a LibTorch of which only the part for the CPU is there names functions that are not,
  // and binding all at once would take longer. Locally: nothing else looks for symbols in it.
  void* handle = dlopen(file.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (handle == nullptr) {
    throw Error(ErrorKind::kUnavailable, fmt::format("{} cannot be loaded: {}", file, dlerror()));
  }
  return {file, handle};
}

}  // namespace rk
