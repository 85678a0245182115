#include "lib/write/freeze_watch.h"

#include <catch2/catch.hpp>

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kNow{5000};

}  // namespace

TEST_CASE("a silence counts once its neighbours have lost their patience, and once only") {
  FreezeWatch watch;
  CHECK_FALSE(watch.Look(kNow));  // the first look has nothing to compare with
  CHECK_FALSE(watch.Look(kNow + seconds(2)));
  CHECK(watch.Look(kNow + milliseconds(4001)) == milliseconds(2001));
  CHECK_FALSE(watch.Look(kNow + milliseconds(4002)));
}

}  // namespace rk
