#include "lib/kafka/topics.h"

#include <catch2/catch.hpp>

namespace rk {
namespace {

TEST_CASE("patterns stand for internal topics only where one of them begins like these") {
  CHECK_FALSE(WantInternal({"^.*"}));
  CHECK_FALSE(WantInternal({"orders", "^_.*", "^(__consumer_offsets|orders)$"}));
  CHECK(WantInternal({"^__.*"}));
  CHECK(WantInternal({"^.*", "__consumer_offsets"}));
}

}  // namespace
}  // namespace rk
