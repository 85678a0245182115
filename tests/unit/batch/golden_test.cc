#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/batch/sample_frame.h"

namespace rk {
namespace {

/// The streams that are checked in, as this release writes them. Those of earlier versions stay as
/// they are when the format moves on: they must be readable for ever.
struct Golden {
  std::string name;
  std::string bytes;
};

std::vector<Golden> Goldens() {
  std::string stream;
  for (const Frame& frame : {SampleRecords(), SampleColumns(), SampleEmpty(), SampleEnd()}) {
    stream += frame.bytes();
  }
  std::string later;
  for (const size_t extra : {8, 400}) {
    later += WithLongerHeader(SampleRecords(), extra).view();
  }
  later += SampleEnd().bytes();
  return {{"frames-1.0.rkf", stream},
          {"frames-later-minor.rkf", later},
          {"man-page.rkf", std::string(SampleOfPage().bytes())}};
}

std::string PathOf(const Golden& golden) {
  const char* source = std::getenv("RK_SOURCE_DIR");
  if (source == nullptr) FAIL("set RK_SOURCE_DIR to the top of the source tree");
  return std::string(source) + "/tests/golden/" + golden.name;
}

TEST_CASE("frames are written byte for byte as the golden files have them") {
  for (const Golden& golden : Goldens()) {
    std::ifstream file(PathOf(golden), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    REQUIRE(bytes.size() == golden.bytes.size());
    const auto differs = std::mismatch(bytes.begin(), bytes.end(), golden.bytes.begin()).first;
    INFO(golden.name << " differs at byte " << differs - bytes.begin());
    CHECK(bytes == golden.bytes);
  }
}

TEST_CASE("the golden files are written anew", "[.][write-golden]") {
  for (const Golden& golden : Goldens()) {
    std::ofstream(PathOf(golden), std::ios::binary) << golden.bytes;
  }
}

}  // namespace
}  // namespace rk
