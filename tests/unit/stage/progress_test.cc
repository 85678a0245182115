#include "lib/stage/progress.h"

#include <catch2/catch.hpp>

namespace rk {
namespace {

ProgressMeter::Time At(double seconds) {
  return ProgressMeter::Time() + std::chrono::duration_cast<ProgressMeter::Time::duration>(
                                     std::chrono::duration<double>(1000 + seconds));
}

TEST_CASE("progress says what is done, of what, how fast, and how long the rest takes") {
  ProgressMeter meter("records");
  CHECK(meter.Look({0, 100'000}, At(0)) == "0 of 100,000 records (0%)");
  CHECK(meter.Look({12'345, 100'000}, At(2)) ==
        "12,345 of 100,000 records (12%), 6,172/s, 15 s left");
}

TEST_CASE("progress leaves out what is not known") {
  ProgressMeter meter("records");
  meter.Look({0, {}}, At(0));
  CHECK(meter.Look({1234, {}}, At(1)) == "1,234 records, 1,234/s");
  CHECK(meter.Look({1234, 2000}, At(2)) == "1,234 of 2,000 records (61%), 617/s, 2 s left");
  CHECK(meter.Look({1234, 2000}, At(100)) == "1,234 of 2,000 records (61%), 0/s");
}

TEST_CASE("the rate is that of the last five seconds") {
  ProgressMeter meter("bytes");
  for (int second = 0; second <= 10; ++second) meter.Look({second * 1000.0, {}}, At(second));
  CHECK(meter.Look({10'000 + 500, {}}, At(11)) == "10,500 bytes, 900/s");
}

TEST_CASE("more than there is to do does not leave less than nothing") {
  ProgressMeter meter("records");
  meter.Look({0, 10}, At(0));
  CHECK(meter.Look({20, 10}, At(1)) == "20 of 10 records (200%), 20/s, 0 s left");
}

TEST_CASE("a long rest is in minutes or hours") {
  ProgressMeter meter("records");
  meter.Look({0, 1000}, At(0));
  CHECK(meter.Look({1, 601}, At(1)).find("10 min left") != std::string::npos);
  CHECK(meter.Look({2, 36'002}, At(2)).find("10 h left") != std::string::npos);
}

}  // namespace
}  // namespace rk
