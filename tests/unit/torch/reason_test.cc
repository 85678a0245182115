#include "lib/torch/tensors.h"

// LibTorch's CHECK ends the process; the tests mean Catch2's.
#undef CHECK

#include <stdexcept>

#include <catch2/catch.hpp>

namespace rk {
namespace {

TEST_CASE("the reason is the line that says it, not one of a traceback before it") {
  CHECK(ReasonOf(std::runtime_error("index out of range in self\nException raised from f")) ==
        "index out of range in self");
  // A traced model's.
  CHECK(
      ReasonOf(std::runtime_error("The following operation failed in the TorchScript interpreter.\n"
                                  "Traceback of TorchScript (most recent call last):\n"
                                  "/home/ann (old)/torch/nn/functional.py(2621): embedding\n"
                                  "/home/ann (old)/make.py(119): forward\n"
                                  "RuntimeError: index out of range in self\n")) ==
      "RuntimeError: index out of range in self");
  CHECK(ReasonOf(std::runtime_error("see make.py(119) and run it")) ==
        "see make.py(119) and run it");
}

TEST_CASE(
    "advice for who makes a LibTorch is left out, and the device that is not there is known") {
  const std::runtime_error error(
      "Could not run 'aten::empty.memory_format' with arguments from the 'CUDA' backend. This "
      "could "
      "be because the operator doesn't exist for this backend, or was omitted during the selective "
      "build process. 'aten::empty.memory_format' is only available for these backends: [CPU, "
      "Meta]");
  CHECK(ReasonOf(error) ==
        "Could not run 'aten::empty.memory_format' with arguments from the 'CUDA' backend.");
  CHECK(DeviceNotThere(error) == "cuda");
  CHECK(DeviceNotThere(std::runtime_error("index out of range in self")).empty());
  CHECK(DeviceNotThere(std::runtime_error("x with arguments from the 'CPU' backend")).empty());
}

}  // namespace
}  // namespace rk
