#include "lib/http/request.h"

#include <string>

#include <catch2/catch.hpp>

namespace rk {
namespace {

int RefusalOf(const std::string& bytes) {
  const HttpParse parse = ParseHttpRequest(bytes);
  CHECK_FALSE(parse.request);
  return parse.refusal ? static_cast<int>(*parse.refusal) : 0;
}

TEST_CASE("a request has its path and the headers that matter, whatever their case") {
  const HttpParse parse = ParseHttpRequest(
      "GET /metrics?all=1 HTTP/1.1\r\nHOST: 127.0.0.1:9464\r\nX-Other: \xC3\xA9\r\n"
      "accept:\t text/plain \r\nAuthorization: Bearer abc\r\n\r\nbody");
  REQUIRE(parse.request);
  CHECK(parse.request->path == "/metrics");
  CHECK(parse.request->host == "127.0.0.1");
  CHECK(parse.request->accept == "text/plain");
  CHECK(parse.request->authorization == "Bearer abc");
  CHECK(ParseHttpRequest("GET / HTTP/1.0\n\n").request);
  CHECK(ParseHttpRequest("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n").request->host == "[::1]");
}

TEST_CASE("a request that has not come whole is neither taken nor refused, whatever is missing") {
  const std::string whole = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (size_t length = 0; length < whole.size(); ++length) {
    INFO(length);
    const HttpParse parse = ParseHttpRequest(whole.substr(0, length));
    CHECK_FALSE(parse.request);
    CHECK_FALSE(parse.refusal);
  }
}

TEST_CASE("what is no GET is refused, and as early as that is sure") {
  CHECK(RefusalOf("POST / HTTP/1.1\r\n") == 405);
  CHECK(RefusalOf("HEAD / HTTP/1.1\r\n") == 405);
  CHECK(RefusalOf("get / HTTP/1.1\r\n") == 405);
  CHECK(RefusalOf("GET / HTTP/2.0\r\n") == 505);
  CHECK(RefusalOf("\x16\x03\x01") == 400);  // somebody speaks TLS
  CHECK(RefusalOf("GET /\r\n") == 400);
  CHECK(RefusalOf("GET  / HTTP/1.1\r\n") == 400);
  CHECK(RefusalOf("GET http://elsewhere/ HTTP/1.1\r\n") == 400);
  CHECK(RefusalOf("GET /\x01 HTTP/1.1\r\n") == 400);
  CHECK(RefusalOf("GET / FTP/1.1\r\n") == 400);
}

TEST_CASE("headers that are none are refused, and a second host") {
  const std::string line = "GET / HTTP/1.1\r\n";
  CHECK(RefusalOf(line + "nothing\r\n") == 400);
  CHECK(RefusalOf(line + ": value\r\n") == 400);
  CHECK(RefusalOf(line + "Name : value\r\n") == 400);
  CHECK(RefusalOf(line + " folded: value\r\n") == 400);
  CHECK(RefusalOf(line + "Name: a\x01\r\n") == 400);
  CHECK(RefusalOf(line + "Host: a\r\nHost: b\r\n\r\n") == 400);
}

TEST_CASE("a head that is too long is refused, though what is complete within the limit is not") {
  const std::string line = "GET / HTTP/1.1\r\n";
  CHECK(RefusalOf(line + "Name: " + std::string(kLongestHead, 'a')) == 431);
  CHECK(RefusalOf("GET /" + std::string(kLongestHead, 'a')) == 431);
  CHECK(ParseHttpRequest(line + "\r\n" + std::string(2 * kLongestHead, 'a')).request);
  const std::string end = "\r\n\r\n";
  const size_t room = kLongestHead - line.size() - end.size() - 2;
  CHECK(ParseHttpRequest(line + "N:" + std::string(room, 'a') + end).request);
  CHECK(RefusalOf(line + "N:" + std::string(room + 1, 'a') + end) == 431);
}

}  // namespace
}  // namespace rk
