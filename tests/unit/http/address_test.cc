#include "lib/http/address.h"

#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "lib/base/error.h"

namespace rk {
namespace {

TEST_CASE("an address is one of this machine's own or one that others can reach") {
  CHECK(ParseHttpAddress("127.0.0.1:9464").is_loopback);
  CHECK(ParseHttpAddress("127.8.8.8:0").is_loopback);
  CHECK(ParseHttpAddress("localhost:80").is_loopback);
  CHECK(ParseHttpAddress("[::1]:9464").is_loopback);
  CHECK_FALSE(ParseHttpAddress("0.0.0.0:9464").is_loopback);
  CHECK_FALSE(ParseHttpAddress("128.0.0.1:9464").is_loopback);
  CHECK_FALSE(ParseHttpAddress("[::]:9464").is_loopback);
  CHECK_FALSE(ParseHttpAddress("[::ffff:127.0.0.1]:9464").is_loopback);
  const HttpAddress address = ParseHttpAddress("127.0.0.1:9464");
  CHECK(ntohs(reinterpret_cast<const sockaddr_in&>(address.socket).sin_port) == 9464);
}

TEST_CASE("what is no address is refused, names too") {
  const std::string text = GENERATE(
      "", ":", ":9464", "9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
      "127.0.0.1:-1", "127.0.0:80", "example:80", "::1:9464", "[::1]", "[127.0.0.1]:80");
  INFO(text);
  CHECK_THROWS_WITH(ParseHttpAddress(text), Catch::Contains("is not an address to listen on"));
}

}  // namespace
}  // namespace rk
