#include "lib/infer/backend.h"

#include "lib/torch/aotinductor.h"
#include "lib/torch/device.h"
#include "lib/torch/torchscript.h"

namespace rk {
namespace {

class TorchBackend : public Backend {
 public:
  void UseThreads(int threads) override { rk::UseThreads(threads); }

  // A TorchScript file, or where its name ends in `.pt2` an AOTInductor package.
  std::unique_ptr<Model> Load(const std::string& file, const std::string& device_name) override {
    UseThreadsHere();
    const c10::Device device = FindDevice(device_name);
    return file.ends_with(".pt2") ? LoadAotInductor(file, device) : LoadTorchScript(file, device);
  }
};

}  // namespace
}  // namespace rk

rk::Backend* rk_backend() {
  static rk::TorchBackend backend;
  return &backend;
}
