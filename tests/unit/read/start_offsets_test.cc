#include "lib/read/start_offsets.h"

#include <catch2/catch.hpp>

namespace rk {
namespace {

using Kind = StartOffset::Kind;
using Priority = StartOffsets::Priority;

constexpr StartOffset kEnd{Kind::kEnd, 0};
constexpr StartOffset kStored{Kind::kStored, 0};
constexpr StartOffset kBeginning{Kind::kBeginning, 0};
const TopicPartition kFirst{"in", 0};
const TopicPartition kSecond{"in", 1};
constexpr Consumer::StoredOffset kOld{100, /*of_this_run=*/false};
constexpr Consumer::StoredOffset kNew{100, /*of_this_run=*/true};

TEST_CASE(
    "the option -o is for the first time that a partition comes, then it starts where the group "
    "is") {
  StartOffsets starts(kEnd, Priority::kAsked, /*grouped=*/true, {kFirst, kSecond});
  CHECK(starts.Take(kFirst, std::nullopt).from == kEnd);
  CHECK(starts.Take(kFirst, std::nullopt).from == kEnd);  // it went before it had begun
  starts.Began(kFirst);
  CHECK(starts.Take(kFirst, std::nullopt).from == kStored);
  CHECK(starts.Take(kSecond, std::nullopt).from == kEnd);  // each has a first time of its own
  CHECK(starts.Take(kFirst, std::nullopt).from == kStored);
}

TEST_CASE("a partition that was made after the start has nothing left out, whatever -o says") {
  SECTION("in a group") {
    StartOffsets starts(kEnd, Priority::kAsked, /*grouped=*/true, {kFirst});
    CHECK(starts.Take(kSecond, std::nullopt).from == kStored);
    starts.Began(kSecond);
    CHECK(starts.Take(kSecond, std::nullopt).from == kStored);
  }
  SECTION("without one") {
    StartOffsets starts(kEnd, Priority::kAsked, /*grouped=*/false, {kFirst});
    CHECK(starts.Take(kSecond, std::nullopt).from == kBeginning);
  }
}

TEST_CASE("where nothing is committed, a partition that comes back goes on where it was") {
  StartOffsets starts(kEnd, Priority::kAsked, /*grouped=*/true, {kFirst, kSecond});
  starts.Take(kFirst, std::nullopt);
  starts.ResumeAt(kFirst, 42);
  CHECK(starts.Take(kFirst, std::nullopt).from == StartOffset{Kind::kAbsolute, 42});
  starts.ResumeAt(kFirst, 50);
  CHECK(starts.Take(kFirst, std::nullopt).from == StartOffset{Kind::kAbsolute, 50});
  CHECK(starts.Take(kSecond, std::nullopt).from == kEnd);
}

TEST_CASE("the option -o names the stored offset that it overrides, the first time alone") {
  StartOffsets starts(kEnd, Priority::kAsked, /*grouped=*/true, {kFirst, kSecond});
  CHECK(starts.WantsStored());
  CHECK(starts.Take(kFirst, kOld).from == kEnd);
  CHECK(starts.Take(kSecond, kOld).overridden == 100);
  starts.Began(kSecond);
  CHECK(starts.Take(kSecond, kOld).from == kStored);
  CHECK_FALSE(starts.Take(kSecond, kOld).overridden);
}

TEST_CASE("where the stored offset has priority, -o is for partitions without one") {
  StartOffsets starts(kEnd, Priority::kStored, /*grouped=*/true, {kFirst, kSecond});
  CHECK(starts.Take(kFirst, kOld).from == kStored);
  CHECK_FALSE(starts.Take(kFirst, kOld).overridden);
  CHECK(starts.Take(kSecond, std::nullopt).from == kEnd);
}

TEST_CASE("what another member has stored since the start has priority over -o") {
  StartOffsets starts(kBeginning, Priority::kAsked, /*grouped=*/true, {kFirst, kSecond});
  CHECK(starts.Take(kFirst, kNew).from == kStored);
  CHECK(starts.Take(kSecond, kOld).from == kBeginning);
}

TEST_CASE("the stored offset is asked for only where it can differ") {
  CHECK_FALSE(StartOffsets(kStored, Priority::kAsked, /*grouped=*/true, {}).WantsStored());
  CHECK_FALSE(StartOffsets(kEnd, Priority::kAsked, /*grouped=*/false, {}).WantsStored());
}

}  // namespace
}  // namespace rk
