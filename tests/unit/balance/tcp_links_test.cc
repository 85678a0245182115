#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <mutex>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "lib/base/descriptor.h"
#include "lib/link/ack_channel.h"
#include "lib/link/collect.h"
#include "lib/link/cuts.h"
#include "lib/link/serve_socket.h"
#include "lib/link/tcp_address.h"
#include "tests/unit/balance/link_place.h"
#include "tests/unit/link/test_keys.h"

namespace rk {
namespace {

using std::chrono::milliseconds;

constexpr const char* kAnyPort = "tcp://127.0.0.1:0";

/// Two machines, as far as keys go, and what is logged on the one that binds.
struct Machines {
  TestKeys here;
  TestKeys there;
  std::mutex mutex;
  std::vector<std::string> lines;

  Machines() {
    here.Know(there, "there");
    there.Know(here, "127.0.0.1");
  }

  Log Logging() {
    return [this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex);
      lines.emplace_back(line);
    };
  }
  LinkObserver Observer() {
    LinkObserver observer;
    observer.log = Logging();
    return observer;
  }
  bool Logged(const std::string& part) {
    const std::lock_guard lock(mutex);
    return std::ranges::any_of(
        lines, [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }
  LinkAddress Here() const { return {kAnyPort, here.Load()}; }
  LinkAddress From(const TestKeys& keys, const std::string& address) const {
    return {address, keys.Load()};
  }
  FetchSocket Fetch(const TestKeys& keys, const std::string& address) const {
    return FetchSocket({{address, keys.Load()}, kMaxFrame, 2, true}, {});
  }
};

/// Why a link waits, as it was told last.
class Waits {
 public:
  std::function<void(const std::string&)> Teller() {
    return [this](const std::string& why) {
      const std::lock_guard lock(mutex_);
      why_ = why;
    };
  }
  /// Of an empty part: that it does not.
  bool Say(const std::string& part) {
    const std::lock_guard lock(mutex_);
    return part.empty() ? why_.empty() : why_.find(part) != std::string::npos;
  }

 private:
  std::mutex mutex_;
  std::string why_;
};

/// What a fetcher says, if it comes within that time.
bool Hears(ServeSocket& server, milliseconds patience = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (server.TryReceive()) return true;
    pollfd watched{server.fd(), POLLIN, 0};
    poll(&watched, 1, 20);
  }
  return false;
}

/// Also has the fetcher work meanwhile.
bool Meets(ServeSocket& server, FetchSocket& fetcher, milliseconds patience = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (Hears(server, milliseconds(20))) return true;
    fetcher.Report();
  }
  return false;
}

Descriptor Dial(const std::string& address) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(ParseTcpAddress(address)->port);
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(connect(socket.fd(), reinterpret_cast<sockaddr*>(&peer), sizeof peer) == 0);
  return socket;
}

/// On a free port, for a peer that gets no answer.
Descriptor Listen(uint16_t& port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof own;
  REQUIRE(bind(socket.fd(), reinterpret_cast<sockaddr*>(&own), size) == 0);
  REQUIRE(listen(socket.fd(), 8) == 0);
  REQUIRE(getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&own), &size) == 0);
  port = ntohs(own.sin_port);
  return socket;
}

/// True if somebody connects within that time.
bool IsDialled(const Descriptor& listener, milliseconds patience) {
  pollfd watched{listener.fd(), POLLIN, 0};
  return poll(&watched, 1, static_cast<int>(patience.count())) == 1;
}

/// True once the other side has closed the connection.
bool IsClosed(const Descriptor& socket) {
  std::array<char, 256> bytes{};
  const timeval patience{5, 0};
  setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ssize_t count = 1;
  while (count > 0) count = recv(socket.fd(), bytes.data(), bytes.size(), 0);
  return count == 0 || errno == ECONNRESET;
}

}  // namespace

TEST_CASE("frames are fetched over tcp by who has a key") {
  Machines machines;
  ServeSocket server(machines.Here(), kMaxFrame, machines.Observer());
  FetchSocket fetcher = machines.Fetch(machines.there, server.address());
  std::optional<ServeSocket::Report> report;
  REQUIRE(Eventually([&] {
    fetcher.Report();
    return (report = server.TryReceive()).has_value();
  }));
  const Frame frame = TestFrame(5, 1, 200'000);
  FrameMessage message(frame.Clone());
  REQUIRE(server.Send(report->peer, message));
  std::optional<FrameMessage> received;
  REQUIRE(Eventually([&] { return (received = fetcher.TryReceive()).has_value(); }));
  CHECK(received->Open().bytes() == frame.bytes());
}

TEST_CASE("frames are pushed over tcp by who has a key, and all have come when it leaves") {
  Machines machines;
  CollectSocket source(machines.Here(), kMaxFrame, 1, machines.Observer());
  const std::string address = source.address();
  std::atomic<bool> finished = false;
  std::jthread pusher([&] {
    PushSink sink({address, machines.there.Load()}, kMaxFrame, 1, [] { return false; });
    for (int64_t i = 0; i < 20; ++i) sink.Send(TestFrame(i, 1, 100'000));
    sink.Finish(kNobody);
    finished = true;
  });
  for (int64_t i = 0; i < 20; ++i) {
    std::optional<FrameMessage> frame;
    REQUIRE(Eventually([&] { return (frame = source.TryReceive()).has_value(); }));
    CHECK(frame->info().first_offset == i);
  }
  CHECK(Eventually([&] {
    source.TryReceive();
    return finished.load();
  }));
}

TEST_CASE("a reader takes acknowledgements on tcp as well as where rk-run finds it") {
  Machines machines;
  TestDirectory directory;
  const TestEnvironment environment("RK_RUNTIME_DIR", directory.path());
  AckServer server(RuntimeDir(), RandomOrigin(), machines.Logging(), machines.Here());
  CHECK(ParseTcpAddress(server.endpoint()));
  AckMessage all;
  all.kind = AckKind::kNackAll;
  AckClient there(machines.Logging(), machines.there.Load());
  there.Send(server.endpoint(), all);
  CHECK(Eventually([&] { return server.TryReceive().has_value(); }));
  server.Broadcast({AckKind::kFence, false, {"t", 1}, 7, {}, {}});
  CHECK(Eventually([&] {
    const auto fence = there.TryReceive();
    return fence && fence->message.epoch == 7;
  }));
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    if (!entry.is_socket()) continue;
    AckClient here(machines.Logging());
    here.Send(IpcAddress(entry.path()), all);
    CHECK(Eventually([&] { return server.TryReceive().has_value(); }));
  }
}

TEST_CASE("an acknowledgement goes to no address without a key") {
  Machines machines;
  AckClient client(machines.Logging(), machines.there.Load());
  CHECK_FALSE(client.Reaches("tcp://203.0.113.7:7000"));
  CHECK_THROWS_WITH(client.Send("tcp://203.0.113.7:7000", {}),
                    Catch::Contains("203.0.113.7.key is not there"));
  CHECK_FALSE(AckClient(machines.Logging()).Reaches("tcp://203.0.113.7:7000"));
  CHECK_THROWS_WITH(AckClient(machines.Logging()).Send("tcp://203.0.113.7:7000", {}),
                    Catch::Contains("needs keys"));
}

TEST_CASE("a peer with an unknown key is refused and logged, and comes in once its key is there") {
  Machines machines;
  const TestKeys stranger;
  stranger.Know(machines.here, "127.0.0.1");
  ServeSocket server(machines.Here(), kMaxFrame, machines.Observer());
  FetchSocket fetcher = machines.Fetch(stranger, server.address());
  CHECK_FALSE(Meets(server, fetcher, milliseconds(500)));
  CHECK(machines.Logged("refused a peer whose key is in no file of " + machines.here.path() +
                        "/peers peer=127.0.0.1"));
  machines.here.Know(stranger, "stranger");
  CHECK(Meets(server, fetcher));
}

TEST_CASE("a revoked key is refused at the next handshake, and a connection goes on") {
  Machines machines;
  ServeSocket server(machines.Here(), kMaxFrame, machines.Observer());
  FetchSocket running = machines.Fetch(machines.there, server.address());
  REQUIRE(Meets(server, running));
  machines.here.Forget("there");
  CHECK(Meets(server, running, milliseconds(700)));
  while (server.TryReceive()) continue;
  {
    FetchSocket late = machines.Fetch(machines.there, server.address());
    CHECK(Eventually([&] { return machines.Logged("refused a peer whose key"); }));
  }
  CHECK(Meets(server, running));
}

TEST_CASE("a peer without keys, with another key for us, or that speaks nonsense is refused") {
  Machines machines;
  ServeSocket server(machines.Here(), kMaxFrame, machines.Observer());
  FetchSocket good = machines.Fetch(machines.there, server.address());
  REQUIRE(Meets(server, good));
  SECTION("without keys") {
    CHECK(Eventually([&] {
      FetchSocket plain({{server.address()}, kMaxFrame, 2, true}, {});
      std::this_thread::sleep_for(milliseconds(20));
      return machines.Logged("came without keys peer=127.0.0.1") ||
             machines.Logged("left before it had shown a key peer=127.0.0.1");
    }));
  }
  SECTION("with another key for us") {
    const TestKeys wrong;
    wrong.Know(machines.there, "127.0.0.1");
    machines.here.Know(wrong, "wrong");
    LinkObserver observer;
    std::atomic<bool> told = false;
    observer.log = [&](LogLevel, std::string_view line) {
      told = told || line.find(wrong.path() + "/peers/127.0.0.1.key") != std::string_view::npos;
    };
    FetchSocket fetcher({{server.address(), wrong.Load()}, kMaxFrame, 2, true}, observer);
    CHECK(Eventually([&] { return machines.Logged("expects another key"); }));
    CHECK(Eventually([&] { return told.load(); }));
  }
  SECTION("nonsense") {
    const std::string text = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n" + std::string(4096, 'x');
    CHECK(Eventually([&] {
      const Descriptor socket = Dial(server.address());
      (void)send(socket.fd(), text.data(), text.size(), MSG_NOSIGNAL);
      CHECK(IsClosed(socket));
      return machines.Logged("did not speak as a stage does peer=127.0.0.1");
    }));
  }
  SECTION("who hangs up") {
    CHECK(Eventually([&] {
      Dial(server.address()).Close();
      std::this_thread::sleep_for(milliseconds(20));
      return machines.Logged("peer=127.0.0.1");
    }));
  }
  CHECK(Meets(server, good));
}

TEST_CASE("what answers as no stage does is tried again") {
  Machines machines;
  auto plain = std::make_unique<ServeSocket>(LinkAddress(kAnyPort), kMaxFrame, LinkObserver{});
  const std::string address = plain->address();
  FetchSocket fetcher({{address, machines.there.Load()}, kMaxFrame, 2, true}, machines.Observer());
  CHECK(Eventually([&] { return machines.Logged("is no stage with the key expected"); }));
  CHECK_FALSE(Meets(*plain, fetcher, milliseconds(100)));
  plain.reset();
  std::unique_ptr<ServeSocket> server;
  REQUIRE(Eventually([&] {  // ZeroMQ closes in the background
    try {
      server = std::make_unique<ServeSocket>(LinkAddress(address, machines.here.Load()), kMaxFrame,
                                             LinkObserver{});
    } catch (const Error&) {
    }
    return server != nullptr;
  }));
  CHECK(Meets(*server, fetcher));
}

TEST_CASE("who comes for another link gets and gives nothing, which is said on both sides") {
  const auto named = [](const std::string& address, const char* link) {
    return LinkAddress(address + "/" + link);
  };
  Machines machines;
  Machines other;  // for what is logged there
  Waits waits;
  LinkObserver observer = other.Observer();
  observer.waits = waits.Teller();
  SECTION("a fetcher") {
    ServeSocket server(named(kAnyPort, "infer"), kMaxFrame, machines.Observer());
    FetchSocket wrong({named(server.address(), "clean"), kMaxFrame, 2, true}, observer);
    CHECK(waits.Say("does not answer"));
    CHECK(Eventually([&] {
      CHECK_FALSE(Meets(server, wrong, milliseconds(20)));
      return waits.Say("is link infer");
    }));
    CHECK(machines.Logged("refused a stage that came for link clean: this is link infer"));
    CHECK(machines.Logged("peer=127.0.0.1"));
    CHECK(other.Logged(server.address() + ": is link infer, and this stage came for link clean"));
    FetchSocket unnamed({{server.address()}, kMaxFrame, 2, true}, {});
    CHECK(Eventually([&] {
      CHECK_FALSE(Meets(server, unnamed, milliseconds(20)));
      return machines.Logged("came for a link without a name");
    }));
    FetchSocket right({named(server.address(), "infer"), kMaxFrame, 2, true}, observer);
    CHECK(Meets(server, right));
    CHECK(Eventually([&] {
      if (const auto report = server.TryReceive()) server.Probe(report->peer);
      right.Report();
      return waits.Say("");
    }));
  }
  SECTION("a pusher") {
    CollectSocket source(named(kAnyPort, "infer"), kMaxFrame, 4, machines.Observer());
    PushSink wrong(
        named(source.address(), "clean"), kMaxFrame, 4, [] { return false; }, observer);
    PushSink unnamed({source.address()}, kMaxFrame, 4, [] { return false; });
    PushSink right(named(source.address(), "infer"), kMaxFrame, 4, [] { return false; });
    for (PushSink* sink : {&wrong, &unnamed}) sink->Send(TestFrame(1));
    CHECK(Eventually([&] {
      CHECK_FALSE(source.TryReceive());
      return machines.Logged("refused a stage that came for link clean: this is link infer") &&
             machines.Logged("came for a link without a name");
    }));
    CHECK(Eventually([&] {
      wrong.Send(TestFrame(2));
      CHECK_FALSE(source.TryReceive());
      return waits.Say("is link infer");
    }));
    CHECK(other.Logged("is link infer, and this stage came for link clean"));
    right.Send(TestFrame(7));
    std::optional<FrameMessage> frame;
    REQUIRE(Eventually([&] { return (frame = source.TryReceive()).has_value(); }));
    CHECK(frame->info().first_offset == 7);
  }
}

TEST_CASE("what waits for a machine says whether that answers or refuses") {
  Machines machines;
  const TestKeys stranger;
  stranger.Know(machines.here, "127.0.0.1");
  auto source = std::make_unique<CollectSocket>(machines.Here(), kMaxFrame, 1, machines.Observer());
  Waits refused;
  LinkObserver observer;
  observer.waits = refused.Teller();
  PushSink sink(
      {source->address(), stranger.Load()}, kMaxFrame, 1, [] { return false; }, observer);
  CHECK(Eventually([&] { return refused.Say("refuses this machine: it needs"); }));
  Waits waits;
  observer.waits = waits.Teller();
  PushSink known(
      {source->address(), machines.there.Load()}, kMaxFrame, 1, [] { return false; }, observer);
  CHECK(Eventually([&] { return waits.Say(""); }));
  source.reset();
  CHECK(Eventually([&] { return waits.Say("does not answer"); }));
}

TEST_CASE("a link at any port says which one it got, and one at a name keeps that") {
  Machines machines;
  const ServeSocket server({"tcp://localhost:0"}, kMaxFrame, machines.Observer());
  CHECK_THAT(server.address(), Catch::StartsWith("tcp://localhost:"));
  CHECK(ParseTcpAddress(server.address())->port != 0);
  CHECK(machines.Logged("listens address=" + server.address()));
  Machines others;
  const CollectSocket fixed({"tcp://127.0.0.1:0"}, kMaxFrame, 1, {});
  CHECK_THROWS_WITH(CollectSocket({fixed.address()}, kMaxFrame, 1, others.Observer()),
                    Catch::Contains("cannot bind " + fixed.address() + ": another process has"));
  CHECK_FALSE(others.Logged("listens"));
}

TEST_CASE("without keys tcp is for this machine alone") {
  CHECK_THROWS_WITH(
      ServeSocket({"tcp://0.0.0.0:0"}, kMaxFrame, {}),
      Catch::Contains("tcp://0.0.0.0:0 is not on this machine alone") && Catch::Contains("--keys"));
  CHECK_THROWS_WITH(PushSink({"tcp://203.0.113.7:7000"}, kMaxFrame, 1, [] { return false; }),
                    Catch::Contains("needs keys"));
  ServeSocket server({kAnyPort}, kMaxFrame, {});
  FetchSocket fetcher({{server.address()}, kMaxFrame, 2, true}, {});
  CHECK(Meets(server, fetcher));
}

TEST_CASE("a fetcher that has the process's only connection makes another one") {
  Machines machines;
  FetchSocket fetcher = machines.Fetch(machines.there, "tcp://127.0.0.1:1");
  for (int i = 0; i < 20; ++i) CHECK_NOTHROW(fetcher.Abandon());
}

TEST_CASE("a pusher makes another connection to a host that its process was cut off from") {
  uint16_t port = 0;
  const Descriptor listener = Listen(port);
  std::jthread pusher([&](const std::stop_token& stop) {
    PushSink sink(fmt::format("tcp://127.0.0.1:{}", port), kMaxFrame, 1,
                  [&] { return stop.stop_requested(); });
    CHECK_THROWS_AS(sink.Send(TestFrame(0, 1, 100)), Error);
  });
  REQUIRE(IsDialled(listener, kPatience));
  const Descriptor first(accept(listener.fd(), nullptr, nullptr));
  NoteCut("127.0.0.2");
  CHECK_FALSE(IsDialled(listener, milliseconds(250)));
  NoteCut("127.0.0.1");
  CHECK(IsDialled(listener, kPatience));
  CHECK(IsClosed(first));
}

}  // namespace rk
