#include "lib/read/start_offsets.h"

#include <catch2/catch.hpp>

namespace rk {
namespace {

using Kind = StartOffset::Kind;

constexpr StartOffset kEnd{Kind::kEnd, 0};
constexpr StartOffset kStored{Kind::kStored, 0};
constexpr StartOffset kBeginning{Kind::kBeginning, 0};
const TopicPartition kFirst{"in", 0};
const TopicPartition kSecond{"in", 1};

TEST_CASE("-o is for the first time that a partition comes; then it starts where the group is") {
  StartOffsets starts(kEnd, /*grouped=*/true, {kFirst, kSecond});
  CHECK(starts.Take(kFirst) == kEnd);
  CHECK(starts.Take(kFirst) == kStored);
  CHECK(starts.Take(kSecond) == kEnd);  // each has a first time of its own
  CHECK(starts.Take(kFirst) == kStored);
}

TEST_CASE("a partition that was made after the start has nothing left out, whatever -o says") {
  SECTION("in a group") {
    StartOffsets starts(kEnd, /*grouped=*/true, {kFirst});
    CHECK(starts.Take(kSecond) == kStored);
    CHECK(starts.Take(kSecond) == kStored);
  }
  SECTION("without one") {
    StartOffsets starts(kEnd, /*grouped=*/false, {kFirst});
    CHECK(starts.Take(kSecond) == kBeginning);
  }
}

TEST_CASE("where nothing is committed, a partition that comes back goes on where it was") {
  StartOffsets starts(kEnd, /*grouped=*/true, {kFirst, kSecond});
  starts.Take(kFirst);
  starts.ResumeAt(kFirst, 42);
  CHECK(starts.Take(kFirst) == StartOffset{Kind::kAbsolute, 42});
  starts.ResumeAt(kFirst, 50);
  CHECK(starts.Take(kFirst) == StartOffset{Kind::kAbsolute, 50});
  CHECK(starts.Take(kSecond) == kEnd);
}

}  // namespace
}  // namespace rk
