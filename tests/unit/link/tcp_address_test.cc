#include "lib/link/tcp_address.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/link/endpoint.h"

namespace rk {

TEST_CASE("a tcp address is a name, an IPv4 or a bracketed IPv6 address, and a port") {
  for (const char* text : {"tcp://10.0.0.1:7000", "tcp://gpu-1.lan:1", "tcp://[fd00::1]:65535",
                           "tcp://[fe80::1%eth0]:7000", "tcp://127.0.0.1:0"}) {
    INFO(text);
    const auto address = ParseTcpAddress(text);
    REQUIRE(address);
    CHECK(address->text() == text);
  }
  CHECK(ParseTcpAddress("tcp://[fd00::1]:7")->host == "fd00::1");
  CHECK(ParseTcpAddress("tcp://[fd00::1]:7")->port == 7);
  for (const char* text :
       {"tcp://", "tcp://10.0.0.1", "tcp://10.0.0.1:", "tcp://:7000", "tcp://10.0.0.1:65536",
        "tcp://10.0.0.1:07", "tcp://10.0.0.1:-1", "tcp://fd00::1:7000", "tcp://[10.0.0.1]:7",
        "tcp://[]:7", "tcp://a b:7", "tcp://../../etc:7", "tcp://a/b:7", "tcp://*:7000",
        "ipc:///run/a:1", "TCP://10.0.0.1:1"}) {
    INFO(text);
    CHECK_FALSE(ParseTcpAddress(text));
  }
}

TEST_CASE("an endpoint on tcp connects to a port, and binds any") {
  CHECK(ParseEndpoint("tcp://10.0.0.1:7000").tcp());
  CHECK_FALSE(ParseEndpoint("tcp://10.0.0.1:7000").bind);
  CHECK(ParseEndpoint("@tcp://10.0.0.1:7000").bind);
  CHECK(ParseEndpoint("@tcp://0.0.0.0:0").address == "tcp://0.0.0.0:0");
  CHECK_THROWS_AS(ParseEndpoint("tcp://10.0.0.1:0"), Error);
  CHECK_THROWS_AS(ParseEndpoint("tcp://0.0.0.0:7000"), Error);
}

TEST_CASE("only what stays on this machine is loopback") {
  for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) {
    INFO(host);
    CHECK(TcpAddress{host}.loopback());
    CHECK(IsOfThisMachine(host));
  }
  for (const char* host : {"10.0.0.1", "0.0.0.0", "::", "127.0.0.1.example.com", "127.evil.com",
                           "127.a.b.c", "1127.0.0.1"}) {
    INFO(host);
    CHECK_FALSE(TcpAddress{host}.loopback());
  }
  CHECK_FALSE(IsOfThisMachine("203.0.113.7"));
}

TEST_CASE("packets to loopback leave by it, and to a name that is none they do not leave") {
  CHECK(LocalAddressTowards({"127.0.0.1", 7000}) == "127.0.0.1");
  CHECK_THROWS_WITH(LocalAddressTowards({"no.such.host.invalid", 7000}),
                    Catch::Contains("no way to tcp://no.such.host.invalid:7000"));
}

}  // namespace rk
