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

}  // namespace
}  // namespace rk
