#include "lib/infer/input_spec.h"
#include "lib/infer/output_spec.h"
#include "tests/fuzz/fuzz_target.h"

// An input that is taken has somewhere to come from and, unless it is text, a size above 0; an
// output has a name. Both are read of each text.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  rk::Fuzz(data, size, rk::ErrorKind::kUsage, [](std::string_view text) {
    const rk::Input input = rk::ParseInput(text);
    rk::Require(input.spec == text && input.fields.empty() != input.column.empty());
    rk::Require(input.kind == rk::Field::Kind::kText || input.row_bytes > 0);
  });
  return rk::Fuzz(data, size, rk::ErrorKind::kUsage, [](std::string_view text) {
    const rk::Output output = rk::ParseOutput(text);
    rk::Require(!output.name.empty() && (output.k > 0) == (output.pick == rk::Output::Pick::kTopK));
  });
}
