#include "lib/batch/batcher.h"

#include <catch2/catch.hpp>

namespace rk {
namespace {

using std::chrono::milliseconds;

constexpr Batcher::Time kStart{};
constexpr bool kSuspect = true;

Batcher Make(size_t max_batch, milliseconds max_delay) {
  BatcherOptions options;
  options.max_batch = max_batch;
  options.max_delay = max_delay;
  options.max_bytes = 1000;
  return Batcher(options);
}

TEST_CASE("without a delay what waits is called at once, all of it") {
  Batcher batcher = Make(100, milliseconds(0));
  CHECK_FALSE(batcher.due());
  batcher.Add(3, 1, false, kStart);
  batcher.Add(4, 1, false, kStart + milliseconds(1));
  CHECK(batcher.due() == kStart);
  CHECK(batcher.Shareable() == 7);
  batcher.Took(7);
  CHECK_FALSE(batcher.due());
}

TEST_CASE("the delay counts from the first row that waits, not from the last call") {
  Batcher batcher = Make(100, milliseconds(5));
  batcher.Add(3, 1, false, kStart);
  batcher.Add(3, 1, false, kStart + milliseconds(4));
  CHECK(batcher.due() == kStart + milliseconds(5));
  batcher.Took(3);
  CHECK(batcher.due() == kStart + milliseconds(9));
  batcher.Took(1);
  CHECK(batcher.due() == kStart + milliseconds(9));
}

TEST_CASE("a call that is full waits no longer, and nothing more is taken meanwhile") {
  Batcher batcher = Make(10, milliseconds(5));
  batcher.Add(9, 1, false, kStart);
  CHECK_FALSE(batcher.full());
  batcher.Add(9, 1, false, kStart + milliseconds(1));
  CHECK(batcher.full());
  CHECK(batcher.due() == kStart);
  batcher.Took(10);
  CHECK_FALSE(batcher.full());
  CHECK(batcher.Shareable() == 8);
  CHECK(batcher.due() == kStart + milliseconds(6));
}

TEST_CASE("bytes are bounded too") {
  Batcher batcher = Make(1000, milliseconds(5));
  batcher.Add(1, 600, false, kStart);
  CHECK_FALSE(batcher.full());
  batcher.Add(1, 600, false, kStart);
  CHECK(batcher.full());
  batcher.Took(1);
  CHECK_FALSE(batcher.full());
}

TEST_CASE("a batch without rows for the model goes at once") {
  Batcher batcher = Make(10, milliseconds(5));
  batcher.Add(0, 1, false, kStart);
  CHECK(batcher.due() == kStart);
  CHECK(batcher.Shareable() == 0);
  batcher.Took(0);
  CHECK_FALSE(batcher.due());
}

TEST_CASE("a suspect shares no call, and waits for nobody") {
  Batcher batcher = Make(100, milliseconds(5));
  batcher.Add(3, 1, false, kStart);
  batcher.Add(4, 1, kSuspect, kStart + milliseconds(1));
  CHECK(batcher.full());
  CHECK(batcher.due() == kStart);
  CHECK(batcher.Shareable() == 3);
  batcher.Took(3);
  CHECK(batcher.full());
  CHECK(batcher.due() == kStart + milliseconds(1));
  CHECK(batcher.Shareable() == 4);
  batcher.Took(4);
  CHECK_FALSE(batcher.full());
  CHECK_FALSE(batcher.due());
}

}  // namespace
}  // namespace rk
