#include "lib/link/tcp_address.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/link/bindable.h"
#include "lib/link/endpoint.h"
#include "lib/link/link_address.h"

namespace rk {

TEST_CASE("a tcp address is a name, an IPv4 or a bracketed IPv6 address, and a port") {
  for (const char* text :
       {"tcp://10.0.0.1:7000", "tcp://gpu-1.lan:1", "tcp://[fd00::1]:65535",
        "tcp://[fe80::1%eth0]:7000", "tcp://127.0.0.1:0", "tcp://10.0.0.1:7000/infer",
        "tcp://[fd00::1]:7/a-b_c.d", "tcp://a:7/b"}) {
    INFO(text);
    const auto address = ParseTcpAddress(text);
    REQUIRE(address);
    CHECK(address->text() == text);
  }
  CHECK(ParseTcpAddress("tcp://[fd00::1]:7")->host == "fd00::1");
  CHECK(ParseTcpAddress("tcp://[fd00::1]:7")->port == 7);
  for (const char* text : {"tcp://",
                           "tcp://10.0.0.1",
                           "tcp://10.0.0.1:",
                           "tcp://:7000",
                           "tcp://10.0.0.1:65536",
                           "tcp://10.0.0.1:07",
                           "tcp://10.0.0.1:-1",
                           "tcp://fd00::1:7000",
                           "tcp://[10.0.0.1]:7",
                           "tcp://[]:7",
                           "tcp://a b:7",
                           "tcp://../../etc:7",
                           "tcp://a/b:7",
                           "tcp://a:7/",
                           "tcp://a:7/b/c",
                           "tcp://a:7/b c",
                           "tcp://a:7/abcdefghijklmnopqrstuvwxyz0123456",
                           "tcp://*:7000",
                           "ipc:///run/a:1",
                           "TCP://10.0.0.1:1"}) {
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

TEST_CASE("an address may name its link, which is no part of what ZeroMQ is told") {
  CHECK(ParseTcpAddress("tcp://10.0.0.1:7000/infer")->link == "infer");
  const LinkAddress address("tcp://10.0.0.1:7000/infer");
  CHECK(address.text == "tcp://10.0.0.1:7000");
  CHECK(address.link == "infer");
  CHECK(LinkAddress("ipc:///run/a/infer").text == "ipc:///run/a/infer");
  CHECK(LinkAddress("ipc:///run/a/infer").link.empty());
}

TEST_CASE("a port that is none is named, and so is 0 where somebody connects") {
  CHECK_THROWS_WITH(ParseEndpoint("@tcp://10.0.0.1:70000"),
                    Catch::Contains("'@tcp://10.0.0.1:70000'") &&
                        Catch::Contains("70000 is no port, which is a number up to 65535"));
  CHECK_THROWS_WITH(ParseEndpoint("tcp://10.0.0.1:0"), Catch::Contains("port 0"));
  CHECK_THROWS_WITH(RequireTcpAddress("tcp://10.0.0.1:65536"), Catch::Contains("65536 is no port"));
  CHECK_THROWS_WITH(RequireTcpAddress(""), Catch::Contains("'' is not tcp://ADDRESS:PORT"));
  CHECK_THROWS_AS(RequireTcpAddress("tcp://10.0.0.1:7000/infer"), Error);
  CHECK(RequireTcpAddress("tcp://10.0.0.1:7000").port == 7000);
  CHECK(WrongPort("tcp://10.0.0.1:7000").empty());
  CHECK(WrongPort("tcp://fd00::beef").empty());
}

TEST_CASE("a name is bound by its address, and only what this machine has") {
  CHECK(NumericAddress("tcp://localhost:7000") == "tcp://127.0.0.1:7000");
  CHECK(NumericAddress("tcp://127.0.0.2:7000") == "tcp://127.0.0.2:7000");
  CHECK(NumericAddress("tcp://[::1]:7000") == "tcp://[::1]:7000");
  CHECK_NOTHROW(RequireBindable("tcp://localhost:0"));
  CHECK_NOTHROW(RequireBindable("tcp://0.0.0.0:7000"));
  CHECK_THROWS_WITH(RequireBindable("tcp://203.0.113.7:7000"),
                    Catch::Contains("cannot bind tcp://203.0.113.7:7000: 203.0.113.7 is no "
                                    "address of this machine"));
  CHECK_THROWS_WITH(RequireBindable("tcp://no.such.host.invalid:7000"),
                    Catch::Contains("cannot bind tcp://no.such.host.invalid:7000"));
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
