#pragma once

#include <onnxruntime_c_api.h>

#include <string>

/// Inside lib/onnx only.
namespace rk::onnx {

/// Makes sessions of `options` run on the device of that name: cpu, cuda or cuda:N. Throws
/// Error(kUsage) for a name that is none, and Error(kUnavailable) if this ONNX Runtime has nothing
/// for it, or it is not there.
void UseDevice(const std::string& name, OrtSessionOptions& options);

}  // namespace rk::onnx
