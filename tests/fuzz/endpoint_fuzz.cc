#include <string>

#include "lib/link/endpoint.h"
#include "lib/link/tcp_address.h"
#include "tests/fuzz/fuzz_target.h"

// What is taken can be written down again.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  return rk::Fuzz(data, size, rk::ErrorKind::kUsage, [](std::string_view text) {
    const rk::Endpoint endpoint = rk::ParseEndpoint(text);
    rk::Require((endpoint.pipe() ? "-" : (endpoint.bind ? "@" : "") + endpoint.address) == text);
    if (endpoint.tcp())
      rk::Require(rk::ParseTcpAddress(endpoint.address)->text() == endpoint.address);
  });
}
