// An operator for models that wait without using the CPU, as one on another device would:
// rk_test::sleep(x, seconds) → x. LD_PRELOAD brings it into rk-infer.
#include <chrono>
#include <thread>

#include <ATen/core/Tensor.h>
#include <torch/library.h>

namespace {

at::Tensor Sleep(const at::Tensor& x, double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  return x.clone();
}

TORCH_LIBRARY(rk_test, library) { library.def("sleep(Tensor x, float seconds) -> Tensor", &Sleep); }

}  // namespace
