#include "lib/link/held_frames.h"

#include <catch2/catch.hpp>

namespace rk {
namespace {

HeldRange Held(int64_t first, int64_t next, int64_t epoch = 5, int32_t partition = 0) {
  return {{"applications", partition}, epoch, {first, next}};
}

using Ranges = std::vector<HeldRange>;

}  // namespace

TEST_CASE("a frame that came twice is held until both are done") {
  HeldFrames held;
  held.Add(Held(0, 10));
  held.Add(Held(0, 10));
  CHECK(held.count() == 2);
  CHECK(held.Remove(Held(0, 10)));
  CHECK(held.Ranges() == Ranges{Held(0, 10)});
  CHECK(held.Remove(Held(0, 10)));
  CHECK(held.count() == 0);
  CHECK_FALSE(held.Remove(Held(0, 10)));
}

TEST_CASE("a frame that was cut is held until its last part is done") {
  HeldFrames held;
  held.Add(Held(0, 10));
  CHECK(held.Remove(Held(3, 5)));
  CHECK(held.Ranges() == Ranges{Held(0, 3), Held(5, 10)});
  CHECK(held.count() == 2);
  CHECK(held.Remove(Held(0, 3)));
  CHECK(held.Remove(Held(5, 10)));
  CHECK(held.Ranges().empty());
}

TEST_CASE("a part comes off a frame of its own partition and epoch that has all of it") {
  HeldFrames held;
  held.Add(Held(0, 10));
  CHECK_FALSE(held.Remove(Held(5, 11)));
  CHECK_FALSE(held.Remove(Held(0, 5, 6)));
  CHECK_FALSE(held.Remove(Held(0, 5, 5, 1)));
  CHECK_FALSE(held.Remove(Held(5, 5)));
  CHECK(held.Ranges() == Ranges{Held(0, 10)});
  held.Add(Held(4, 6));
  CHECK(held.Remove(Held(6, 8)));
  CHECK(held.count() == 3);
}

TEST_CASE("neighbours are joined, unless a partition or an epoch ends between them") {
  HeldFrames held;
  for (const HeldRange& batch : {Held(0, 10), Held(10, 20), Held(20, 30, 6), Held(30, 40, 6, 1)}) {
    held.Add(batch);
  }
  CHECK(held.Ranges() == Ranges{Held(0, 20), Held(20, 30, 6), Held(30, 40, 6, 1)});
  held.Clear();
  CHECK(held.count() == 0);
  CHECK(held.Ranges().empty());
}

}  // namespace rk
