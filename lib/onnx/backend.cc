#include "lib/infer/backend.h"

#include <atomic>

#include "lib/onnx/model.h"

namespace rk {
namespace {

class OnnxBackend : public Backend {
 public:
  void UseThreads(int threads) override { threads_ = threads; }

  std::unique_ptr<Model> Load(const std::string& file, const std::string& device) override {
    return onnx::LoadOnnx(file, device, threads_);
  }

 private:
  std::atomic<int> threads_{1};
};

}  // namespace
}  // namespace rk

rk::Backend* rk_backend() {
  static rk::OnnxBackend backend;
  return &backend;
}
