#include <string>

#include "lib/http/request.h"
#include "lib/http/token.h"
#include "tests/fuzz/fuzz_target.h"

// A request is found where its head ends, and whatever follows changes nothing; no beginning of it
// is refused, and what is refused stays so.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const rk::HttpParse parse = rk::ParseHttpRequest(bytes);
  rk::Require(!parse.request || !parse.refusal);
  const rk::HttpParse more = rk::ParseHttpRequest(bytes + "x");
  if (parse.refusal) rk::Require(more.refusal && *more.refusal == *parse.refusal);
  if (!parse.request) return 0;
  rk::Require(more.request && more.request->path == parse.request->path);
  rk::Require(parse.request->path.starts_with('/'));
  for (size_t length = 0; length < bytes.size() && length < 200; ++length)
    rk::Require(!rk::ParseHttpRequest(std::string_view(bytes).substr(0, length)).refusal);
  (void)rk::HasToken(parse.request->authorization, "s3cret");
  return 0;
}
