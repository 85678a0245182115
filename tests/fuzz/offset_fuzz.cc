#include "lib/kafka/start_offset.h"
#include "tests/fuzz/fuzz_target.h"

// What is taken has a number that is one.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  return rk::Fuzz(data, size, rk::ErrorKind::kUsage, [](std::string_view text) {
    rk::Require(rk::ParseStartOffset(text).value >= 0);
  });
}
