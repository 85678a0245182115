#include "lib/link/ack_channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <zmq.hpp>

#include "lib/base/error.h"
#include "lib/link/socket_file.h"
#include "tests/unit/link/test_directory.h"
#include "tests/unit/link/test_pipe.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr int kPatienceMs = 5000;

// The runtime directory of one test, and what was logged in it.
struct Fixture {
  TestDirectory parent;
  TestEnvironment environment{"RK_RUNTIME_DIR", parent.path()};
  RuntimeDir directory;
  std::vector<std::string> logged;
  Log log = [this](LogLevel, std::string_view message) { logged.emplace_back(message); };

  std::unique_ptr<AckServer> MakeServer() {
    return std::make_unique<AckServer>(directory, RandomOrigin(), log);
  }
  std::vector<std::string> Sockets() const {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
      paths.push_back("ipc://" + entry.path().string());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }
};

AckMessage Ack(int64_t first) {
  return {AckKind::kAck, false, {"applications", 3}, 77, {{first, first + 10}}};
}

AckMessage Fence() { return {AckKind::kFence, false, {"applications", 3}, 77, {}}; }

bool IsReadable(int fd, int timeout_ms) {
  pollfd waiting = {fd, POLLIN, 0};
  return poll(&waiting, 1, timeout_ms) == 1;
}

// The next message, for which it waits only on the descriptor, as a stage does.
template <typename End>
auto Await(End& end) {
  while (true) {
    auto message = end.TryReceive();
    if (message || !IsReadable(end.fd(), kPatienceMs)) return message;
  }
}

// Keeps both ends going until the server has answered the client's hello.
void AwaitHello(AckServer& server, AckClient& client, const std::string& endpoint) {
  client.Send(endpoint, Ack(0));
  REQUIRE(Await(server));
}

size_t OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

TEST_CASE("an acknowledgement reaches the reader and a fence the writer") {
  Fixture fixture;
  const auto server = fixture.MakeServer();
  AckClient client(fixture.log);
  CHECK_FALSE(server->TryReceive());
  CHECK_FALSE(client.TryReceive());

  client.Send(server->endpoint(), Ack(100));
  const auto ack = Await(*server);
  REQUIRE(ack);
  CHECK(ack->kind == AckKind::kAck);
  CHECK(ack->partition == Ack(100).partition);
  CHECK(ack->ranges == Ack(100).ranges);

  server->Broadcast(Fence());
  const auto fence = Await(client);
  REQUIRE(fence);
  CHECK(fence->endpoint == server->endpoint());
  CHECK(fence->message.kind == AckKind::kFence);
  CHECK(fence->message.epoch == 77);
  CHECK(fixture.logged.empty());
}

TEST_CASE("a descriptor is quiet when nothing is left, and readable while something is") {
  Fixture fixture;
  const auto server = fixture.MakeServer();
  AckClient client(fixture.log);
  AwaitHello(*server, client, server->endpoint());
  CHECK_FALSE(server->TryReceive());
  CHECK_FALSE(client.TryReceive());
  CHECK_FALSE(IsReadable(server->fd(), 50));
  CHECK_FALSE(IsReadable(client.fd(), 50));

  // Sending uses up the edge that told of what has come: the descriptor must tell all the same.
  client.Send(server->endpoint(), Ack(1));
  REQUIRE(IsReadable(server->fd(), kPatienceMs));
  server->Broadcast(Fence());
  CHECK(IsReadable(server->fd(), 0));
  CHECK(IsReadable(server->fd(), 0));
  REQUIRE(IsReadable(client.fd(), kPatienceMs));
  std::this_thread::sleep_for(milliseconds(20));  // libzmq looks at its commands every 3 ms at most
  client.Send(server->endpoint(), Ack(2));
  CHECK(IsReadable(client.fd(), 0));
  CHECK(Await(client));
  CHECK(Await(*server));
  CHECK(Await(*server));
  CHECK_FALSE(server->TryReceive());
  CHECK_FALSE(client.TryReceive());
  CHECK_FALSE(IsReadable(server->fd(), 50));
  CHECK_FALSE(IsReadable(client.fd(), 50));
}

TEST_CASE("every writer that said hello hears the reader, and the reader hears every writer") {
  Fixture fixture;
  const auto server = fixture.MakeServer();
  AckClient first(fixture.log);
  AckClient second(fixture.log);
  first.Send(server->endpoint(), Ack(0));
  second.Send(server->endpoint(), Ack(10));
  std::vector<int64_t> received;
  for (int count = 0; count < 2; ++count) {
    const auto ack = Await(*server);
    REQUIRE(ack);
    received.push_back(ack->ranges[0].first);
  }
  std::sort(received.begin(), received.end());
  CHECK(received == std::vector<int64_t>{0, 10});
  server->Broadcast(Fence());
  CHECK(Await(first));
  CHECK(Await(second));
}

TEST_CASE("a writer serves many readers with one descriptor") {
  Fixture fixture;
  const auto first = fixture.MakeServer();
  const auto second = fixture.MakeServer();
  AckClient client(fixture.log);
  AwaitHello(*first, client, first->endpoint());
  AwaitHello(*second, client, second->endpoint());
  second->Broadcast(Fence());
  auto fence = Await(client);
  REQUIRE(fence);
  CHECK(fence->endpoint == second->endpoint());
  first->Broadcast(Fence());
  fence = Await(client);
  REQUIRE(fence);
  CHECK(fence->endpoint == first->endpoint());
}

TEST_CASE("a writer that was started again hears the reader, and its predecessor is forgotten") {
  Fixture fixture;
  const auto server = fixture.MakeServer();
  auto client = std::make_unique<AckClient>(fixture.log);
  AwaitHello(*server, *client, server->endpoint());
  client = std::make_unique<AckClient>(fixture.log);
  AwaitHello(*server, *client, server->endpoint());
  for (int round = 0; round < 2; ++round) {
    server->Broadcast(Fence());
    CHECK(Await(*client));
    CHECK_FALSE(client->TryReceive());
  }
}

TEST_CASE("acknowledgements that were sent before the reader listens still arrive") {
  Fixture fixture;
  const Origin origin = RandomOrigin();
  const std::string endpoint = "ipc://" + fixture.directory.path() + "/ack-" + ToHex(origin);
  AckClient client(fixture.log);
  client.Send(endpoint, Ack(5));
  AckServer server(fixture.directory, origin, fixture.log);
  CHECK(server.endpoint() == endpoint);
  const auto ack = Await(server);
  REQUIRE(ack);
  CHECK(ack->ranges == Ack(5).ranges);
}

TEST_CASE("a new reader removes the sockets of dead readers and leaves those of live ones alone") {
  Fixture fixture;
  TestPipe ready;
  const pid_t dying = fork();  // before there are threads, whose locks it would inherit
  if (dying == 0) {
    const AckServer server(fixture.directory, RandomOrigin(), fixture.log);
    ready.Write("!");
    pause();
  }
  char byte = 0;
  REQUIRE(read(ready.in(), &byte, 1) == 1);
  const auto live = fixture.MakeServer();
  kill(dying, SIGKILL);
  waitpid(dying, nullptr, 0);
  REQUIRE(fixture.Sockets().size() == 2);
  std::filesystem::create_directory(fixture.directory.path() + "/ack-nobody");

  const auto server = fixture.MakeServer();
  std::vector<std::string> left = {live->endpoint(), server->endpoint(),
                                   "ipc://" + fixture.directory.path() + "/ack-nobody"};
  std::sort(left.begin(), left.end());
  CHECK(fixture.Sockets() == left);
  AckClient client(fixture.log);
  AwaitHello(*live, client, live->endpoint());
}

TEST_CASE("a reader that ends takes its socket with it") {
  Fixture fixture;
  fixture.MakeServer().reset();
  CHECK(fixture.Sockets().empty());
}

TEST_CASE("many readers that start at once in one directory all live") {
  Fixture fixture;
  std::mutex mutex;
  std::vector<std::unique_ptr<AckServer>> servers;
  std::vector<std::thread> threads;
  for (int count = 0; count < 8; ++count) {
    threads.emplace_back([&] {
      auto server = fixture.MakeServer();
      const std::lock_guard lock(mutex);
      servers.push_back(std::move(server));
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(fixture.Sockets().size() == 8);
  AckClient client(fixture.log);
  for (const auto& server : servers) AwaitHello(*server, client, server->endpoint());
}

TEST_CASE("a reader that starts waits while another is between binding and listening") {
  Fixture fixture;
  auto lock = std::make_unique<DirectoryLock>(fixture.directory.path());
  auto server = std::async(std::launch::async, [&] { return fixture.MakeServer(); });
  CHECK(server.wait_for(milliseconds(100)) == std::future_status::timeout);
  CHECK(fixture.Sockets().empty());
  lock.reset();
  CHECK(server.get() != nullptr);
}

TEST_CASE("a peer that speaks nonsense is logged once, and others are served") {
  Fixture fixture;
  const auto server = fixture.MakeServer();
  zmq::context_t context;
  zmq::socket_t stranger(context, zmq::socket_type::dealer);
  stranger.connect(server->endpoint());
  stranger.send(zmq::str_buffer("GET / HTTP/1.1"), zmq::send_flags::none);
  stranger.send(zmq::str_buffer(""), zmq::send_flags::none);
  const std::string ack = Ack(1).Encode();
  stranger.send(zmq::buffer(ack), zmq::send_flags::sndmore);
  stranger.send(zmq::buffer(ack), zmq::send_flags::none);
  // Its last message makes sense: everything before it has come and gone by then.
  stranger.send(zmq::buffer(Ack(2).Encode()), zmq::send_flags::none);
  const auto message = Await(*server);
  REQUIRE(message);
  CHECK(message->ranges == Ack(2).ranges);
  REQUIRE(fixture.logged.size() == 1);
  CHECK_THAT(fixture.logged[0], Catch::Contains(server->endpoint()));

  AckClient client(fixture.log);
  AwaitHello(*server, client, server->endpoint());
  stranger.set(zmq::sockopt::linger, 0);
}

TEST_CASE("a peer that does not even speak ZeroMQ does no harm") {
  Fixture fixture;
  const auto server = fixture.MakeServer();
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  server->endpoint().copy(address.sun_path, sizeof address.sun_path, 6);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  const std::string nonsense(100'000, 'x');
  CHECK(send(fd, nonsense.data(), nonsense.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0);
  AckClient client(fixture.log);
  AwaitHello(*server, client, server->endpoint());
  close(fd);
}

TEST_CASE("closing hands everything to the readers") {
  Fixture fixture;
  const auto server = fixture.MakeServer();
  constexpr int64_t kMessages = 20'000;
  {
    AckClient client(fixture.log);
    for (int64_t count = 0; count < kMessages; ++count) {
      client.Send(server->endpoint(), Ack(count));
    }
    client.Close(seconds(10));
  }
  int64_t received = 0;
  while (const auto ack = Await(*server)) {
    REQUIRE(ack->ranges[0].first == received);
    if (++received == kMessages) break;
  }
  CHECK(received == kMessages);
}

TEST_CASE("closing hands over what was sent on a connection that is not even made yet") {
  Fixture fixture;
  const auto server = fixture.MakeServer();
  for (int64_t count = 0; count < 20; ++count) {
    AckClient client(fixture.log);
    client.Send(server->endpoint(), Ack(count));
    client.Close(seconds(10));
    const auto ack = Await(*server);
    REQUIRE(ack);
    CHECK(ack->ranges[0].first == count);
  }
}

TEST_CASE("closing does not wait for a reader that is gone, nor too long for one that sleeps") {
  Fixture fixture;
  TestPipe ready;
  const pid_t reader = fork();
  if (reader == 0) {
    const AckServer server(fixture.directory, RandomOrigin(), fixture.log);
    ready.Write("!");
    pause();
  }
  char byte = 0;
  REQUIRE(read(ready.in(), &byte, 1) == 1);
  const bool dead = GENERATE(true, false);
  kill(reader, dead ? SIGKILL : SIGSTOP);
  int status = 0;
  waitpid(reader, &status, WUNTRACED);
  AckClient client(fixture.log);
  client.Send(fixture.Sockets().at(0), Ack(0));
  const auto start = Clock::now();
  client.Close(dead ? seconds(30) : seconds(1));
  CHECK(Clock::now() - start < (dead ? milliseconds(500) : milliseconds(3000)));
  if (dead) return;
  kill(reader, SIGKILL);
  waitpid(reader, nullptr, 0);
}

TEST_CASE("a connection that is idle for 60 s is closed, and made again when it is needed") {
  Fixture fixture;
  const auto server = fixture.MakeServer();
  AckClient client(fixture.log);
  AwaitHello(*server, client, server->endpoint());
  client.Expire(Clock::now() + seconds(59));
  server->Broadcast(Fence());
  CHECK(Await(client));

  client.Expire(Clock::now() + seconds(61));
  server->Broadcast(Fence());
  CHECK_FALSE(client.TryReceive());
  AwaitHello(*server, client, server->endpoint());
  server->Broadcast(Fence());
  CHECK(Await(client));
}

TEST_CASE("a connection that is made again at once loses nothing") {
  Fixture fixture;
  const auto server = fixture.MakeServer();
  AckClient client(fixture.log);
  for (int64_t count = 0; count < 200; ++count) {
    client.Send(server->endpoint(), Ack(count));
    client.Expire(Clock::now() + seconds(61));
  }
  std::vector<int64_t> received;
  while (received.size() < 200) {
    const auto ack = Await(*server);
    REQUIRE(ack);
    received.push_back(ack->ranges[0].first);
  }
  std::sort(received.begin(), received.end());
  for (int64_t count = 0; count < 200; ++count)
    CHECK(received[static_cast<size_t>(count)] == count);
  AwaitHello(*server, client, server->endpoint());
  server->Broadcast(Fence());
  CHECK(Await(client));
}

TEST_CASE("a writer that connects again and again does not push out the others") {
  Fixture fixture;
  const auto server = fixture.MakeServer();
  AckClient lasting(fixture.log);
  AckClient restless(fixture.log);
  AwaitHello(*server, lasting, server->endpoint());
  for (int count = 0; count < 300; ++count) {
    AwaitHello(*server, restless, server->endpoint());
    restless.Expire(Clock::now() + seconds(61));
  }
  server->Broadcast(Fence());
  CHECK(Await(lasting));
}

TEST_CASE("a writer keeps 64 connections at most") {
  Fixture fixture;
  AckClient client(fixture.log);
  const auto send_to = [&](int reader) {
    client.Send("ipc://" + fixture.directory.path() + "/gone-" + std::to_string(reader), Ack(0));
  };
  for (int reader = 0; reader < 64; ++reader) send_to(reader);
  const size_t open = OpenDescriptors();
  for (int reader = 64; reader < 192; ++reader) send_to(reader);
  // Each has one, and closed ones linger for a second.
  for (int tenths = 0; tenths < 50 && OpenDescriptors() > open; ++tenths) {
    std::this_thread::sleep_for(milliseconds(100));
  }
  CHECK(OpenDescriptors() <= open);
}

TEST_CASE("an endpoint that is no path on this machine is refused") {
  Fixture fixture;
  AckClient client(fixture.log);
  const std::string endpoint =
      GENERATE(as<std::string>{}, "", "tcp://192.0.2.1", "ipc://", "ipc://relative", "ipc://*",
               "ipc://@abstract", "/tmp/x", "ipc:///" + std::string(107, 'x'));
  try {
    client.Send(endpoint, Ack(0));
    FAIL("it did not throw");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kBadData);
    CHECK_THAT(error.what(), Catch::Contains("'" + endpoint + "'"));
  }
}

}  // namespace rk
