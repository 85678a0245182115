#include "lib/torch/aotinductor.h"

// LibTorch's CHECK ends the process; the tests mean Catch2's.
#undef CHECK

#include <catch2/catch.hpp>

namespace rk {
namespace {

TEST_CASE("what a package's CPU had and this one does not is named") {
  const char* flags = "flags\t\t: fpu sse2 avx avx2 avx512f avx512_vnni";
  CHECK(MissingInstructions("INVALID_VEC_ISA", flags).empty());
  CHECK(MissingInstructions("", flags).empty());
  CHECK(MissingInstructions("AVX2", flags).empty());
  CHECK(MissingInstructions("AVX512 AVX512_VNNI", flags).empty());
  CHECK(MissingInstructions("AVX512 AVX512_VNNI AMX_TILE", flags) == "amx_tile");
  CHECK(MissingInstructions("AVX512 AVX512_VNNI", "flags : avx2") == "avx512, avx512_vnni");
  CHECK(MissingInstructions("ASIMD", "Features : fp asimd").empty());
}

}  // namespace
}  // namespace rk
