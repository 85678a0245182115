#include "lib/batch/buffer.h"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

namespace rk {

TEST_CASE("a buffer that grows keeps its bytes, and grows by doubling") {
  Buffer bytes(10);
  bytes.Append("0123456789");
  CHECK(bytes.capacity() == 10);
  bytes.Append("x");
  CHECK(bytes.capacity() == 20);
  CHECK(bytes.view() == "0123456789x");
  bytes.Append(std::string(100, 'y'));
  CHECK(bytes.capacity() == 111);
  bytes.Reserve(50);  // there is room for more already
  CHECK(bytes.capacity() == 111);
}

TEST_CASE("a buffer that was moved is where it went, and what is left can be used anew") {
  Buffer from(10);
  from.Append("moved");
  const char* data = from.data();
  Buffer to(std::move(from));
  CHECK(to.data() == data);
  CHECK(to.view() == "moved");
  CHECK(to.capacity() == 10);
  CHECK(from.size() == 0);  // NOLINT(bugprone-use-after-move): that is what it promises
  CHECK(from.capacity() == 0);
  from.Append("anew");
  CHECK(from.view() == "anew");
  CHECK(to.view() == "moved");
}

}  // namespace rk
