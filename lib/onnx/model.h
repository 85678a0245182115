#pragma once

#include <memory>
#include <string>

#include "lib/infer/backend.h"

/// Inside lib/onnx only: rk_backend() is for the others.
namespace rk::onnx {

/// Loads an ONNX file onto a device, for calls that use so many threads of the CPU. Throws
/// Error(kBadData) that says what is wrong with it and what to do, Error(kMissing) if a file that
/// it keeps its weights in is not there.
std::unique_ptr<Model> LoadOnnx(const std::string& file, const std::string& device, int threads);

}  // namespace rk::onnx
