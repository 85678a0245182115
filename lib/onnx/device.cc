#include "lib/onnx/device.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/onnx/runtime.h"

namespace rk::onnx {
namespace {

constexpr std::string_view kCuda = "cuda";
constexpr std::string_view kCudaProvider = "CUDAExecutionProvider";

// The index in cuda or cuda:N. Throws if it is neither.
std::string CudaIndex(const std::string& name) {
  std::string_view rest = name;
  rest.remove_prefix(std::min(kCuda.size(), rest.size()));
  const bool digits = rest.size() > 1 && rest.size() < 5 && rest[0] == ':' &&
                      rest.find_first_not_of("0123456789", 1) == std::string_view::npos;
  if (!name.starts_with(kCuda) || (!rest.empty() && !digits)) {
    throw Error(ErrorKind::kUsage,
                fmt::format("\"{}\" is not a device: write cpu, cuda or cuda:N", name));
  }
  return rest.empty() ? "0" : std::string(rest.substr(1));
}

bool IsBuiltFor(std::string_view provider) {
  char** names = nullptr;
  int count = 0;
  Check(Api().GetAvailableProviders(&names, &count));
  const std::vector<std::string> there(names, names + count);
  Check(Api().ReleaseAvailableProviders(names, count));
  return std::find(there.begin(), there.end(), provider) != there.end();
}

}  // namespace

void UseDevice(const std::string& name, OrtSessionOptions& options) {
  if (name == "cpu") return;
  const std::string index = CudaIndex(name);
  if (!IsBuiltFor(kCudaProvider)) {
    throw Error(ErrorKind::kUnavailable,
                fmt::format("device {} is not available; available: cpu (a GPU needs an ONNX "
                            "Runtime built for it)",
                            name));
  }
  try {
    OrtCUDAProviderOptionsV2* made = nullptr;
    Check(Api().CreateCUDAProviderOptions(&made));
    const Owned<OrtCUDAProviderOptionsV2> cuda(made);
    const char* const key = "device_id";
    const char* const value = index.c_str();
    Check(Api().UpdateCUDAProviderOptions(cuda.get(), &key, &value, 1));
    Check(Api().SessionOptionsAppendExecutionProvider_CUDA_V2(&options, cuda.get()));
  } catch (const Refusal& refusal) {
    throw Error(ErrorKind::kUnavailable,
                fmt::format("device {} is not available: {}", name, refusal.what()));
  }
}

}  // namespace rk::onnx
