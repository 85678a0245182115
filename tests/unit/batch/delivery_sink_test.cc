#include "lib/batch/delivery_sink.h"

#include <catch2/catch.hpp>

namespace rk {

TEST_CASE("a sink begins with nothing, and dead letters are stored too") {
  DeliverySink::Totals totals;
  CHECK(totals.stored() == 0);
  CHECK(totals.bytes == 0);
  CHECK(totals.lost == 0);
  totals.records = 5;
  totals.dead_letters = 2;
  CHECK(totals.stored() == 7);
}

}  // namespace rk
