// A module such as rk-infer opens: its models have no code, they raise. RK_FAKE_ABI makes one of
// another build.
#include "lib/base/error.h"
#include "lib/infer/backend.h"

#ifdef RK_FAKE_ABI
const char rk_backend_abi[] = RK_FAKE_ABI;
#endif

namespace {

class FakeModel : public rk::Model {
 public:
  std::string signature() const override { return "fake"; }
  std::span<const rk::ModelValue> Run(std::span<const rk::ModelValue> /*inputs*/) override {
    throw rk::ModelFailure("it raised", rk::ModelFailure::Kind::kRaised);
  }
};

class FakeBackend : public rk::Backend {
 public:
  void UseThreads(int /*threads*/) override {}
  std::unique_ptr<rk::Model> Load(const std::string& file, const std::string& device) override {
    if (device != "cpu") throw rk::Error(rk::ErrorKind::kUsage, file + " on " + device);
    return std::make_unique<FakeModel>();
  }
};

}  // namespace

rk::Backend* rk_backend() {
  static FakeBackend backend;
  return &backend;
}
