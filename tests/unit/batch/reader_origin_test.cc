#include "lib/batch/reader_origin.h"

#include <catch2/catch.hpp>

namespace rk {

TEST_CASE("an origin tells who commits, and which reader it is") {
  CHECK(IsExactlyOnce(ReaderOrigin(true)));
  CHECK_FALSE(IsExactlyOnce(ReaderOrigin(false)));
  CHECK_FALSE(IsExactlyOnce(Origin{}));
  CHECK(ReaderOrigin(true) != ReaderOrigin(true));
  CHECK(ReaderOrigin(false) != ReaderOrigin(false));
}

}  // namespace rk
