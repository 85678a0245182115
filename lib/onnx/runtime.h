#pragma once

#include <onnxruntime_c_api.h>

#include <memory>
#include <stdexcept>
#include <string>

/// Inside lib/onnx only: ONNX Runtime's C interface as C++ has it.
namespace rk::onnx {

/// What ONNX Runtime answered instead of doing it.
class Refusal : public std::runtime_error {
 public:
  /// `reason`: see ReasonIn().
  Refusal(OrtErrorCode code, const std::string& reason, bool in_node)
      : std::runtime_error(reason), code_(code), in_node_(in_node) {}

  OrtErrorCode code() const { return code_; }
  /// Whether a node of the model failed; other values might please it.
  bool in_node() const { return in_node_; }

 private:
  OrtErrorCode code_;
  bool in_node_;
};

/// The functions of the library that was found. Throws Error(kUnavailable) if it is older than
/// their header.
const OrtApi& Api();

/// Throws the Refusal that `status` is; frees it. Nothing for a null one.
void Check(OrtStatus* status);

/// The library's version, e.g. 1.31.1.
std::string RuntimeVersion();

/// What it says as one line, without where in its source that is written. Of a node's failure the
/// kind and name of the node, and the reason.
std::string ReasonIn(std::string text);

/// Owners of its objects.
struct Releaser {
  void operator()(OrtSession* session) const { Api().ReleaseSession(session); }
  void operator()(OrtSessionOptions* options) const { Api().ReleaseSessionOptions(options); }
  void operator()(OrtMemoryInfo* info) const { Api().ReleaseMemoryInfo(info); }
  void operator()(OrtValue* value) const { Api().ReleaseValue(value); }
  void operator()(OrtTypeInfo* info) const { Api().ReleaseTypeInfo(info); }
  void operator()(OrtTensorTypeAndShapeInfo* info) const {
    Api().ReleaseTensorTypeAndShapeInfo(info);
  }
  void operator()(OrtModelMetadata* metadata) const { Api().ReleaseModelMetadata(metadata); }
  void operator()(OrtCUDAProviderOptionsV2* options) const {
    Api().ReleaseCUDAProviderOptions(options);
  }
};
template <typename T>
using Owned = std::unique_ptr<T, Releaser>;

/// Calls a function of Api() whose last argument is where its object goes, and owns that.
template <typename T, typename... Parameters, typename... Arguments>
Owned<T> Make(OrtStatus* (*function)(Parameters...), Arguments... arguments) {
  T* made = nullptr;
  Check(function(arguments..., &made));
  return Owned<T>(made);
}

/// Its allocator for host memory, which lives as long as the process.
OrtAllocator* HostAllocator();

/// A string that it allocated; frees it.
std::string TakeString(char* text);

}  // namespace rk::onnx
