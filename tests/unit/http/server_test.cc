#include "lib/http/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/descriptor.h"
#include "lib/base/error.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// A connection to 127.0.0.1, where nothing waits for longer than it must.
class Client {
 public:
  explicit Client(const std::string& url) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
    fd_ = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int little = 4096;  // so that who reads nothing takes nothing
    setsockopt(fd_.fd(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    REQUIRE(connect(fd_.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }

  void Say(const std::string& text) const {
    (void)send(fd_.fd(), text.data(), text.size(), MSG_NOSIGNAL);
  }
  void Shut() const { shutdown(fd_.fd(), SHUT_WR); }
  /// What comes until `end` does, the other side closes, or `timeout` is over.
  std::string Hear(const std::string& end = "", milliseconds timeout = seconds(20)) {
    const auto deadline = steady_clock::now() + timeout;
    while (end.empty() || heard_.find(end) == std::string::npos) {
      pollfd readable{fd_.fd(), POLLIN, 0};
      const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
      if (left.count() <= 0 || poll(&readable, 1, static_cast<int>(left.count())) != 1) break;
      char bytes[65536];
      const ssize_t count = read(fd_.fd(), bytes, sizeof bytes);
      closed_ = count <= 0;
      if (closed_) break;
      heard_.append(bytes, static_cast<size_t>(count));
    }
    return heard_;
  }
  bool closed() const { return closed_; }

 private:
  Descriptor fd_;
  std::string heard_;
  bool closed_ = false;
};

class Served {
 public:
  explicit Served(HttpServer::Options options = {"127.0.0.1:0", ""})
      : server(
            options, [](const HttpRequest& request) { return Answer(request); },
            [] { return std::string("an event"); }, [](LogLevel, std::string_view) {}) {}

  std::string Get(const std::string& path, const std::string& headers = "") const {
    Client client(server.url());
    client.Say("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + "\r\n");
    return client.Hear();
  }

  HttpServer server;

 private:
  static HttpAnswer Answer(const HttpRequest& request) {
    if (request.path == "/") return {200, "hello\n"};
    if (request.path == "/large") return {200, std::string(1 << 20, 'x')};
    if (request.path == "/events") return {200, "", "text/event-stream", true};
    return {404, "no\n"};
  }
};

size_t OpenDescriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

TEST_CASE("a page is served with its length, and the connection closed") {
  Served served;
  CHECK_THAT(served.server.url(), Catch::StartsWith("http://127.0.0.1:"));
  Client client(served.server.url());
  client.Say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = client.Hear();
  CHECK(client.closed());
  CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 200 OK\r\n"));
  CHECK_THAT(answer, Catch::Contains("\r\nContent-Length: 6\r\n"));
  CHECK_THAT(answer, Catch::Contains("\r\nContent-Security-Policy: default-src 'none'"));
  CHECK_THAT(answer, Catch::EndsWith("\r\n\r\nhello\n"));
  CHECK_THAT(served.Get("/nothing"), Catch::StartsWith("HTTP/1.1 404 Not Found\r\n"));
  CHECK(served.Get("/large").size() > 1 << 20);
}

TEST_CASE("what is no GET is refused") {
  Served served;
  Client client(served.server.url());
  client.Say("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n" +
             std::string(100'000, 'x'));
  const std::string answer = client.Hear();
  CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  CHECK_THAT(answer, Catch::Contains("\r\nAllow: GET\r\n"));
}

TEST_CASE("a request may come a byte at a time, and who asked may shut its side down") {
  Served served;
  Client client(served.server.url());
  for (const char byte : std::string("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    client.Say(std::string(1, byte));
  client.Shut();
  CHECK_THAT(client.Hear(), Catch::EndsWith("hello\n"));
}

TEST_CASE("a name that is no address is not answered without a token") {
  Served served;
  Client client(served.server.url());
  client.Say("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  CHECK_THAT(client.Hear(), Catch::StartsWith("HTTP/1.1 403 "));
}

TEST_CASE("an address that others can reach needs a token, and who has none is told so") {
  const auto listen = [](const HttpServer::Options& options) { Served served(options); };
  CHECK_THROWS_WITH(listen({"0.0.0.0:0", ""}),
                    "0.0.0.0:0 can be reached from other machines: give --http-token-file, or "
                    "listen on 127.0.0.1");
  CHECK_THROWS_WITH(listen({"0.0.0.0:0", "/no/such/token"}), Catch::Contains("No such file"));
  const std::string path =
      std::filesystem::temp_directory_path() / ("rk-token-" + std::to_string(getpid()));
  std::ofstream(path) << "s3cret\n";
  Served served({"0.0.0.0:0", path});
  std::filesystem::remove(path);
  const std::string refused = served.Get("/");
  CHECK_THAT(refused, Catch::StartsWith("HTTP/1.1 401 Unauthorized\r\n"));
  CHECK_THAT(refused, Catch::Contains("\r\nWWW-Authenticate: Basic "));
  CHECK_THAT(served.Get("/", "Authorization: Bearer wrong\r\n"), Catch::StartsWith("HTTP/1.1 401"));
  CHECK_THAT(served.Get("/", "Authorization: Bearer s3cret\r\n"), Catch::EndsWith("hello\n"));
}

TEST_CASE("an address that is taken says so") {
  Served served;
  const std::string url = served.server.url();
  const std::string address = url.substr(7, url.size() - 8);
  CHECK_THROWS_WITH(Served({address, ""}),
                    "cannot listen on " + address + ": Address already in use");
}

TEST_CASE("a stream has an event at once and whenever something is published") {
  Served served;
  Client client(served.server.url());
  client.Say("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK_THAT(client.Hear("data: an event\n\n"),
             Catch::Contains("\r\nContent-Type: text/event-stream\r\n"));
  served.server.Publish();
  CHECK_THAT(client.Hear("data: an event\n\ndata: an event\n\n"),
             Catch::EndsWith("\r\n\r\ndata: an event\n\ndata: an event\n\n"));
  CHECK_FALSE(client.closed());
}

TEST_CASE("no more than a few may look on, and one who leaves makes room") {
  Served served;
  std::vector<Client> looking;
  const auto look = [&] {
    looking.emplace_back(served.server.url());
    looking.back().Say("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return looking.back().Hear("data: an event\n\n");
  };
  for (size_t i = 0; i < HttpServer::kMostStreams; ++i) look();
  CHECK_THAT(look(), Catch::StartsWith("HTTP/1.1 503 "));
  looking.clear();
  CHECK_THAT(served.Get("/"), Catch::EndsWith("hello\n"));  // it has seen that they are gone
  CHECK_THAT(look(), Catch::Contains("data: an event\n\n"));
}

TEST_CASE("a thousand clients that say nothing cost a bounded number of descriptors, and no time") {
  Served served;
  Client looking(served.server.url());
  looking.Say("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  looking.Hear("data: an event\n\n");
  std::vector<Client> slow;
  for (int i = 0; i < 400; ++i) {  // a process may have 1,024 descriptors, and half are ours here
    slow.emplace_back(served.server.url());
    slow.back().Say(i % 2 == 0 ? "GET / HT" : "");
    if (i % 20 == 0) CHECK_THAT(served.Get("/"), Catch::EndsWith("hello\n"));
  }
  const auto begin = steady_clock::now();
  CHECK_THAT(served.Get("/"), Catch::EndsWith("hello\n"));
  CHECK(steady_clock::now() - begin < seconds(2));
  CHECK(OpenDescriptors() <= 400 + HttpServer::kMostConnections + 20);
  served.server.Publish();
  CHECK_THAT(looking.Hear("an event\n\ndata: an event\n\n"), Catch::EndsWith("an event\n\n"));
  slow.front().Hear("", seconds(1));
  CHECK(slow.front().closed());  // the oldest gave way
}

TEST_CASE("who does not take what it asked for is let go, and others are served meanwhile") {
  Served served;
  std::vector<Client> idle;
  for (size_t i = 0; i < 2 * HttpServer::kMostConnections; ++i) {
    idle.emplace_back(served.server.url());
    idle.back().Say("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  CHECK_THAT(served.Get("/"), Catch::EndsWith("hello\n"));
}

}  // namespace
}  // namespace rk
