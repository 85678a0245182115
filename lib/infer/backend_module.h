#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/infer/backend.h"
#include "lib/infer/module.h"

namespace rk {

/// The name of the backend for a model's file, by how its name ends (`.onnx`: onnx; `.pt`, `.pt2`:
/// torch), else by how it begins; torch if neither says.
std::string BackendFor(const std::string& model_file);

/// Opens the module `librk-NAME.so` in the first of `folders` that has it. It stays open until the
/// process ends. Throws Error(kUnavailable) that says where it was looked for and what to install
/// if it is in none, or cannot be loaded, or is of another build than this. Any thread.
Backend& OpenBackend(const std::string& name, const std::vector<std::filesystem::path>& folders);

}  // namespace rk
