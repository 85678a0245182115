#include "lib/balance/frame_server.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/link/ack_channel.h"
#include "lib/link/fetch_socket.h"
#include "tests/unit/balance/link_place.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = FrameServer::Clock;

/// A server that the test serves, and what it told its observer.
struct Fixture {
  Fixture() {
    observer.log = [this](LogLevel, std::string_view text) { logged.emplace_back(text); };
    observer.waiting = [this](size_t records) { waiting = records; };
    observer.waited = [this](Clock::duration time) { waited.push_back(time); };
    server = std::make_unique<FrameServer>(
        FrameServer::Options{place.address, kMaxFrame, 100, Balancer::By::kNone}, observer);
  }

  std::unique_ptr<FetchSocket> Fetcher() {
    return std::make_unique<FetchSocket>(FetchSocket::Options{place.address, kMaxFrame, 2, true},
                                         place.Observer());
  }
  /// Serves until the fetcher has a frame.
  std::optional<FrameMessage> Receive(FetchSocket& fetcher) {
    std::optional<FrameMessage> frame;
    Eventually([&] {
      server->Serve(Clock::now());
      frame = fetcher.TryReceive();
      return frame.has_value();
    });
    return frame;
  }
  /// Serves until the server knows the fetcher.
  void Await(FetchSocket& fetcher) {
    REQUIRE(Eventually([&] {
      server->Serve(Clock::now());
      CHECK_FALSE(fetcher.TryReceive());
      return !server->nobody_came();
    }));
  }

  Place place;
  TestEnvironment environment{"RK_RUNTIME_DIR", place.directory.path()};
  LinkObserver observer;
  std::vector<std::string> logged;
  std::vector<Clock::duration> waited;
  size_t waiting = 0;
  std::unique_ptr<FrameServer> server;
};

/// Of the offsets from 10 to 20, in epoch 5, acknowledged at `acks`.
FrameMessage AckedFrame(const AckServer& acks, const Origin& origin, int32_t partition) {
  BatchInfo info;
  info.origin = origin;
  info.topic = "applications";
  info.partition = partition;
  info.epoch = 5;
  info.first_offset = 10;
  info.next_offset = 20;
  info.ack_endpoint = acks.endpoint();
  return FrameMessage(FrameBuilder(info, 0, 0).Finish());
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a server says how many records wait and how long each frame did") {
  const auto begin = Clock::now();
  server->Add(FrameMessage(TestFrame(0, 3)), begin);
  server->Add(FrameMessage(TestFrame(3, 4)), begin);
  CHECK(waiting == 7);
  CHECK(waited.empty());
  const auto fetcher = Fetcher();
  REQUIRE(Receive(*fetcher));
  REQUIRE(Receive(*fetcher));
  CHECK(waiting == 0);
  REQUIRE(waited.size() == 2);
  CHECK(waited[0] <= Clock::now() - begin);
  CHECK(waited[0] > Clock::duration::zero());
}

TEST_CASE_METHOD(Fixture, "a frame that a fetcher has asked for is sent as it comes") {
  const auto fetcher = Fetcher();
  Await(*fetcher);
  server->Add(FrameMessage(TestFrame(0)), Clock::now());
  CHECK(waiting == 0);
  CHECK(Eventually([&] { return fetcher->TryReceive().has_value(); }));
}

TEST_CASE_METHOD(Fixture, "a server without a death to tell of says nothing") {
  const auto fetcher = Fetcher();
  Await(*fetcher);
  const auto end = Clock::now() + milliseconds(500);
  while (Clock::now() < end) {
    server->Serve(Clock::now());
    fetcher->OnTick(Clock::now());
    std::this_thread::sleep_for(milliseconds(10));
  }
  CHECK(logged.empty());
}

TEST_CASE_METHOD(Fixture,
                 "a fetcher that is silent for 2 s is gone, and what it held is asked for") {
  const Origin origin = RandomOrigin();
  AckServer acks(RuntimeDir(), origin, observer.log);
  server->Add(AckedFrame(acks, origin, 3), Clock::now());
  const auto fetcher = Fetcher();
  REQUIRE(Receive(*fetcher));
  server->Serve(Clock::now() + seconds(3));
  std::optional<AckMessage> nack;
  REQUIRE(Eventually([&] { return (nack = acks.TryReceive()).has_value(); }));
  CHECK(nack->kind == AckKind::kNack);
  CHECK(nack->partition == TopicPartition{"applications", 3});
  CHECK(nack->epoch == 5);
  CHECK(nack->ranges == std::vector<OffsetRange>{{10, 20}});
  REQUIRE(logged.size() == 1);
  CHECK(logged[0] ==
        "a stage on " + place.address + " is silent: requested replay of its batches batches=1");
}

TEST_CASE_METHOD(Fixture, "a frame that its fetcher did not live to get goes to another") {
  auto gone = Fetcher();
  Await(*gone);
  gone.reset();
  std::this_thread::sleep_for(milliseconds(200));  // until the connection is closed here
  server->Add(FrameMessage(TestFrame(7)), Clock::now());
  CHECK(waiting == 1);
  const auto other = Fetcher();
  const auto frame = Receive(*other);
  REQUIRE(frame);
  CHECK(frame->info().first_offset == 7);
}

TEST_CASE_METHOD(Fixture, "frames of a file, which nobody can send again, are no reason to ask") {
  server->Add(FrameMessage(TestFrame(0)), Clock::now());
  auto fetcher = Fetcher();
  REQUIRE(Receive(*fetcher));
  server->Serve(Clock::now() + seconds(3));
  CHECK(server->Idle());
}

/// A writer's connection, without what else a FetchSocket does.
struct BareWriter {
  BareWriter(Fixture& fixture, uint8_t instance) {
    ready.instance.fill(instance);
    ready.stores = true;
    socket.connect(fixture.place.address);
    Say();
    REQUIRE(Eventually([&] {  // how the server names the connection
      fixture.server->Serve(Clock::now());
      zmq::message_t name;
      if (!socket.recv(name, zmq::recv_flags::dontwait)) return false;
      std::copy_n(name.data<uint8_t>(), ready.connection.size(), ready.connection.begin());
      return true;
    }));
  }
  void Say() { socket.send(zmq::buffer(ready.Encode()), zmq::send_flags::none); }

  ReadyMessage ready;
  zmq::context_t context;
  zmq::socket_t socket{context, zmq::socket_type::dealer};
};

TEST_CASE_METHOD(Fixture, "what a writer holds back for want of word alone is asked for again") {
  server.reset();
  server = std::make_unique<FrameServer>(
      FrameServer::Options{place.address, kMaxFrame, 100, Balancer::By::kPartition}, observer);
  const Origin origin = RandomOrigin();
  AckServer acks(RuntimeDir(), origin, observer.log);
  BareWriter one(*this, 1);
  one.ready.capacity = 4;
  one.Say();
  REQUIRE(Eventually([&] {
    server->Serve(Clock::now());
    return !server->nobody_came();
  }));
  server->Add(AckedFrame(acks, origin, 0), Clock::now());
  BareWriter other(*this, 2);
  other.ready.held = {{{"applications", 0}, 5, {0, 10}}};  // from a server before this one
  other.Say();
  other.ready.held.clear();  // stored
  other.Say();
  std::optional<AckMessage> nack;
  REQUIRE(Eventually([&] {
    server->Serve(Clock::now());
    nack = acks.TryReceive();
    return nack.has_value();
  }));
  CHECK(nack->ranges == std::vector<OffsetRange>{{10, 20}});
  CHECK_FALSE(nack->blame);
  CHECK_THAT(logged.at(0), Catch::Contains("does not know what another one has stored"));
}

}  // namespace rk
