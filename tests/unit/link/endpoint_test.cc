#include "lib/link/endpoint.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"

namespace rk {

TEST_CASE("an endpoint is the pipe, or an ipc path that connects or binds") {
  CHECK(ParseEndpoint("-").pipe());
  const Endpoint connects = ParseEndpoint("ipc:///run/rk/a");
  CHECK_FALSE(connects.pipe());
  CHECK_FALSE(connects.bind);
  CHECK(connects.address == "ipc:///run/rk/a");
  const Endpoint binds = ParseEndpoint("@ipc:///run/rk/a");
  CHECK(binds.bind);
  CHECK(binds.address == "ipc:///run/rk/a");
}

TEST_CASE("a path with a zero in it is no path") {
  CHECK_FALSE(IpcPath(std::string("ipc:///a\0b", 10)));
}

TEST_CASE("what is no endpoint is refused with its name and what would be one") {
  const std::string longest = "ipc://" + std::string(Endpoint::kLongestPath, '/');
  CHECK_NOTHROW(ParseEndpoint(longest));
  for (const std::string& text :
       {std::string(), std::string("@-"), std::string("@"), std::string("ipc://relative"),
        std::string("tcp://127.0.0.1"), longest + "/"}) {
    CHECK_THROWS_WITH(ParseEndpoint(text), Catch::Contains("'" + text + "'") &&
                                               Catch::Contains("tcp://HOST:PORT (connect)"));
  }
}

}  // namespace rk
