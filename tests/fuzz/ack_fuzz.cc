#include "lib/link/ack_message.h"
#include "tests/fuzz/fuzz_target.h"

// What is taken is, to the last byte, what would have been sent.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  return rk::Fuzz(data, size, rk::ErrorKind::kBadData, [](std::string_view bytes) {
    rk::Require(rk::AckMessage::Decode(bytes).Encode() == bytes);
  });
}
