#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace rk {

/// A shared object of ours that is opened when something needs it.
struct Module {
  std::string file;
  void* handle;  ///< stays open until the process ends
};

/// Where modules may lie, the likeliest first: in the build, and where this is installed, both
/// found from where the executable is.
std::vector<std::filesystem::path> ModuleFolders();

/// Opens `librk-NAME.so` in the first of `folders` that has it. Throws Error(kUnavailable) if it is
/// in none, which says where it was looked for and that `who_need` (e.g. "models of this kind
/// need") the package rk-NAME, or if it cannot be loaded. Any thread.
Module OpenModule(const std::string& name, std::string_view who_need,
                  const std::vector<std::filesystem::path>& folders);

}  // namespace rk
