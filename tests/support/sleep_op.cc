// An operator for models that wait without using the CPU, as one on another device would:
// rk_test::sleep(x, seconds) → x. LD_PRELOAD brings it into rk-infer. RK_SLEEP_S is how long it
// sleeps instead of that; in the folder RK_SLEEP_DIR there is a file named after the process
// meanwhile.
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include <ATen/core/Tensor.h>
#include <torch/library.h>

namespace {

at::Tensor Sleep(const at::Tensor& x, double seconds) {
  if (const char* instead = std::getenv("RK_SLEEP_S")) seconds = std::atof(instead);
  const char* folder = std::getenv("RK_SLEEP_DIR");
  const std::string mark = folder == nullptr ? "" : folder + ("/" + std::to_string(getpid()));
  if (!mark.empty()) std::ofstream{mark};
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  if (!mark.empty()) unlink(mark.c_str());
  return x.clone();
}

TORCH_LIBRARY(rk_test, library) { library.def("sleep(Tensor x, float seconds) -> Tensor", &Sleep); }

}  // namespace
