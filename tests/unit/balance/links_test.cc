// The links of docs/architecture.md, Links with real sockets.
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/link/collect.h"
#include "lib/link/fetch_socket.h"
#include "lib/link/serve_socket.h"
#include "tests/unit/balance/link_place.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

bool Ends(Source& source) {
  const auto deadline = Clock::now() + kPatience;
  while (Clock::now() < deadline) {
    if (source.ended()) return true;
    CHECK_FALSE(source.TryReceive());
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

}  // namespace

TEST_CASE("frames of several pushers are collected, each one's in order, with every byte") {
  Place place;
  CollectSource source(place.address, kMaxFrame, 4, place.Observer());
  std::vector<std::future<void>> pushers;
  for (int64_t pusher = 0; pusher < 3; ++pusher) {
    pushers.push_back(std::async(std::launch::async, [&, pusher] {
      const auto sink = place.Push(4);
      for (int64_t i = 0; i < 50; ++i) sink->Send(TestFrame(pusher * 1000 + i, 1, 5000));
      sink->Finish(kNobody);
    }));
  }
  std::vector<int64_t> next = {0, 1000, 2000};
  for (int i = 0; i < 150; ++i) {
    const auto frame = Receive(source);
    REQUIRE(frame);
    const int64_t offset = frame->info().first_offset;
    CHECK(offset == next[static_cast<size_t>(offset / 1000)]++);
    CHECK((frame->bytes() == TestFrame(offset, 1, 5000).bytes()));
  }
  for (auto& pusher : pushers) {
    while (pusher.wait_for(milliseconds(1)) != std::future_status::ready)
      CHECK_FALSE(source.TryReceive());
  }
  CHECK(place.dropped == 0);
}

TEST_CASE("a pusher that leaves while the collector is far behind loses nothing") {
  Place place;
  CollectSource source(place.address, kMaxFrame, 1, place.Observer());
  auto pusher = std::async(std::launch::async, [&] {
    const auto sink = place.Push(1);
    for (int64_t i = 0; i < 30; ++i) sink->Send(TestFrame(i, 1, 20'000));
    sink->Finish(kNobody);
  });
  std::this_thread::sleep_for(milliseconds(200));
  for (int64_t i = 0; i < 30; ++i) {
    CHECK(pusher.wait_for(milliseconds(3)) == std::future_status::timeout);
    CHECK(Receive(source)->info().first_offset == i);
  }
  while (pusher.wait_for(milliseconds(1)) != std::future_status::ready)
    CHECK_FALSE(source.TryReceive());
}

TEST_CASE("a pusher waits for a collector, and at the high-water mark") {
  Place place;
  const Pusher pusher(place, 40);
  std::this_thread::sleep_for(milliseconds(100));
  CHECK(pusher.sent() == 0);
  CollectSource source(place.address, kMaxFrame, 1, place.Observer());
  std::this_thread::sleep_for(milliseconds(300));
  CHECK(pusher.sent() > 0);
  CHECK(pusher.sent() < 20);
  for (int64_t i = 0; i < 40; ++i) CHECK(Receive(source)->info().first_offset == i);
}

TEST_CASE("a collector that leaves takes what is under way and then ends") {
  Place place;
  CollectSource source(place.address, kMaxFrame, 4, place.Observer());
  const auto sink = place.Push(4);
  sink->Send(TestFrame(0));
  source.Leave();
  CHECK_FALSE(source.ended());
  CHECK(Receive(source));
  CHECK(Ends(source));
}

TEST_CASE("a pusher that drains waits for no collector that never came") {
  Place place;
  const auto idle = place.Push();
  idle->Finish(kNobody);  // it has nothing to hand over
  const auto sink = place.Push();
  auto sending = std::async(std::launch::async, [&] { sink->Send(TestFrame(0)); });
  CHECK(sending.wait_for(milliseconds(300)) == std::future_status::timeout);
  place.draining = true;
  CHECK(sending.wait_for(milliseconds(1000)) == std::future_status::ready);
  CHECK_THROWS_WITH(sending.get(), Catch::Contains("nobody collects on " + place.address));
}

TEST_CASE("a pusher that drains waits for a collector that has come") {
  Place place;
  CollectSource source(place.address, kMaxFrame, 1, place.Observer());
  const auto sink = place.Push(1);
  auto sending = std::async(std::launch::async, [&] {
    for (int64_t i = 0; i < 20; ++i) sink->Send(TestFrame(i, 1, 200'000));
    sink->Finish(kNobody);
  });
  for (int64_t i = 0; i < 20; ++i) {
    const auto frame = Receive(source);
    REQUIRE(frame);
    CHECK(frame->info().first_offset == i);
    if (place.draining.exchange(true)) continue;
    CHECK(sending.wait_for(milliseconds(500)) == std::future_status::timeout);
  }
  while (sending.wait_for(milliseconds(1)) != std::future_status::ready)
    CHECK_FALSE(source.TryReceive());
  CHECK_NOTHROW(sending.get());
}

TEST_CASE("a server that drains waits for no fetcher that never came") {
  Place place;
  const auto sink = place.Serve(1);
  sink->Send(TestFrame(0));
  auto sending = std::async(std::launch::async, [&] { sink->Send(TestFrame(1)); });
  CHECK(sending.wait_for(milliseconds(300)) == std::future_status::timeout);
  place.draining = true;
  CHECK(sending.wait_for(milliseconds(1000)) == std::future_status::ready);
  CHECK_THROWS_WITH(sending.get(), Catch::Contains("nobody fetches from " + place.address));
  CHECK_THROWS_AS(sink->Finish(kNobody), Error);
}

TEST_CASE("a server that drains waits for a fetcher that has come") {
  Place place;
  const auto sink = place.Serve(1);
  const auto source = place.Fetch(1);
  sink->Send(TestFrame(0));
  const auto frame = Receive(*source);
  REQUIRE(frame);
  place.draining = true;
  auto finishing = std::async(std::launch::async, [&] { sink->Finish(kNobody); });
  CHECK(finishing.wait_for(milliseconds(300)) == std::future_status::timeout);
  CHECK_NOTHROW(sink->CheckNeighbour());
  source->Done(BatchOf(frame->info()));
  CHECK(finishing.wait_for(kPatience) == std::future_status::ready);
  CHECK_NOTHROW(finishing.get());
}

TEST_CASE("who sends nothing more hears of a server to which nobody came, once it drains") {
  Place place;
  const auto sink = place.Serve(10);
  place.draining = true;
  CHECK_NOTHROW(sink->CheckNeighbour());  // there is nothing that anybody might miss
  place.draining = false;
  sink->Send(TestFrame(0));
  CHECK_NOTHROW(sink->CheckNeighbour());
  place.draining = true;
  CHECK_THROWS_WITH(sink->CheckNeighbour(), Catch::Contains("nobody fetches from"));
}

TEST_CASE("what ends the thread that serves is thrown to whoever sends") {
  Place place;
  LinkObserver observer = place.Observer();
  observer.waiting = [sender = std::this_thread::get_id()](size_t) {
    if (std::this_thread::get_id() != sender) throw Error(ErrorKind::kIo, "broken");
  };
  ServeSink sink(
      {place.address, kMaxFrame, 1, Balancer::By::kNone}, [] { return false; }, observer);
  CHECK_THROWS_WITH(
      [&] {
        for (int64_t i = 0; i < 2; ++i) sink.Send(TestFrame(i));
      }(),
      "broken");
}

TEST_CASE("a fetcher gets no more than it asked for until it is done with that") {
  Place place;
  const auto sink = place.Serve(100);
  const auto source = place.Fetch(2);
  for (int64_t i = 0; i < 5; ++i) sink->Send(TestFrame(i));
  CHECK(Receive(*source));
  const auto second = Receive(*source);
  REQUIRE(second);
  CHECK_FALSE(Receive(*source, milliseconds(200)));
  source->Done(BatchOf(second->info()));
  CHECK(Receive(*source)->info().first_offset == 2);
  CHECK_FALSE(Receive(*source, milliseconds(200)));
}

TEST_CASE("a writer that holds everything back gets more") {
  Place place;
  const auto sink = place.Serve(100);
  const auto source = place.Fetch(1, false);
  for (int64_t i = 0; i < 20; ++i) sink->Send(TestFrame(i));
  for (int64_t i = 0; i < 20; ++i) CHECK(Receive(*source)->info().first_offset == i);
}

TEST_CASE("sending waits while the queue is full, and finishing until all is done") {
  Place place;
  const auto sink = place.Serve(2);
  std::atomic<int> sent = 0;
  auto finished = std::async(std::launch::async, [&] {
    for (int64_t i = 0; i < 6; ++i) {
      sink->Send(TestFrame(i));
      ++sent;
    }
    sink->Finish(kNobody);
  });
  std::this_thread::sleep_for(milliseconds(100));
  CHECK(sent == 2);
  const auto source = place.Fetch(1);
  for (int64_t i = 0; i < 6; ++i) {
    const auto frame = Receive(*source);
    REQUIRE(frame);
    if (i == 5) CHECK(finished.wait_for(milliseconds(100)) == std::future_status::timeout);
    source->Done(BatchOf(frame->info()));
  }
  CHECK(finished.wait_for(kPatience) == std::future_status::ready);
}

TEST_CASE("several fetchers share the work by what they get done") {
  Place place;
  const auto sink = place.Serve(10);
  const auto quick = place.Fetch(1);
  const auto slow = place.Fetch(1);
  std::atomic<int> by_quick = 0;
  std::atomic<int> by_slow = 0;
  std::atomic<bool> over = false;
  const auto work = [&](FetchSource& source, milliseconds pause, std::atomic<int>& count) {
    while (!over) {
      const auto frame = Receive(source, milliseconds(20));
      if (!frame) continue;
      std::this_thread::sleep_for(pause);
      ++count;  // before the sink may have finished
      source.Done(BatchOf(frame->info()));
    }
  };
  std::jthread first([&] { work(*quick, milliseconds(5), by_quick); });
  std::jthread second([&] { work(*slow, milliseconds(20), by_slow); });
  for (int64_t i = 0; i < 200; ++i) sink->Send(TestFrame(i));
  sink->Finish(kNobody);
  over = true;
  CHECK(by_quick + by_slow == 200);
  CHECK(by_quick > by_slow * 2);
  CHECK(by_slow > 10);
}

TEST_CASE("a fetcher that leaves is told when nothing more can come, and nothing is lost") {
  Place place;
  const auto sink = place.Serve(1000);
  auto leaving = place.Fetch(2);
  for (int64_t i = 0; i < 10; ++i) sink->Send(TestFrame(i));
  std::vector<int64_t> seen;
  const auto take = [&](FetchSource& source, const Frame& frame) {
    seen.push_back(frame.info().first_offset);
    source.Done(BatchOf(frame.info()));
  };
  take(*leaving, *Receive(*leaving));
  leaving->Leave();
  while (!leaving->ended()) {
    if (const auto frame = Receive(*leaving, milliseconds(10))) take(*leaving, *frame);
  }
  CHECK(seen.size() < 10);
  leaving.reset();
  const auto other = place.Fetch(2);
  while (seen.size() < 10) take(*other, *Receive(*other));
  sink->Finish(kNobody);
  CHECK(seen.size() == 10);
}

TEST_CASE("a fetcher that leaves a server that is gone ends all the same") {
  Place place;
  const auto source = place.Fetch();
  source->Leave();
  CHECK(Ends(*source));
}

TEST_CASE("a fetcher finds a server that is started later, and one that is started again") {
  Place place;
  const auto source = place.Fetch();
  auto sink = place.Serve();
  sink->Send(TestFrame(0));
  CHECK(Receive(*source)->info().first_offset == 0);
  sink.reset();
  sink = place.Serve();
  sink->Send(TestFrame(1));
  CHECK(Receive(*source)->info().first_offset == 1);
}

TEST_CASE("bytes that are no frame are dropped and counted, and frames go on coming") {
  Place place;
  zmq::context_t context;
  zmq::socket_t bad(context, zmq::socket_type::dealer);
  CollectSource source(place.address, kMaxFrame, 4, place.Observer());
  bad.connect(place.address);
  bad.send(zmq::str_buffer("nonsense"), zmq::send_flags::none);
  bad.send(zmq::str_buffer("two"), zmq::send_flags::sndmore);
  bad.send(zmq::str_buffer("parts"), zmq::send_flags::none);
  const std::string frame(TestFrame(7).bytes());
  bad.send(zmq::buffer(frame), zmq::send_flags::none);
  CHECK(Receive(source)->info().first_offset == 7);
  CHECK(place.dropped == 2);
}

TEST_CASE("a server shrugs off what no fetcher says") {
  Place place;
  const auto sink = place.Serve();
  zmq::context_t context;
  zmq::socket_t bad(context, zmq::socket_type::dealer);
  bad.connect(place.address);
  bad.send(zmq::str_buffer("nonsense"), zmq::send_flags::none);
  bad.send(zmq::str_buffer("two"), zmq::send_flags::sndmore);
  bad.send(zmq::str_buffer("parts"), zmq::send_flags::none);
  CHECK(Eventually([&] { return place.dropped == 2; }));
  const auto source = place.Fetch();
  sink->Send(TestFrame(0));
  CHECK(Receive(*source));
}

TEST_CASE("a server believes a fetcher that says under which name it knows the connection") {
  Place place;
  const auto sink = place.Serve(10);
  zmq::context_t context;
  zmq::socket_t fetcher(context, zmq::socket_type::dealer);
  fetcher.set(zmq::sockopt::rcvtimeo, 300);
  fetcher.connect(place.address);
  ReadyMessage ready;
  ready.capacity = 1;
  const auto say = [&] { fetcher.send(zmq::buffer(ready.Encode()), zmq::send_flags::none); };
  sink->Send(TestFrame(0));
  zmq::message_t message;
  for (int i = 0; i < 3; ++i) {  // as of an earlier server
    say();
    REQUIRE(fetcher.recv(message));
    REQUIRE(message.size() == ready.connection.size());
  }
  std::copy_n(message.data<uint8_t>(), message.size(), ready.connection.begin());
  say();
  do {
    REQUIRE(fetcher.recv(message));
  } while (message.size() == ready.connection.size());
  CHECK(message.to_string_view() == TestFrame(0).bytes());
}

TEST_CASE("a server hears of room before what it knows of is used up") {
  Place place;
  ServeSocket server(place.address, kMaxFrame, place.Observer());
  FetchSocket fetcher({place.address, kMaxFrame, /*prefetch=*/4, /*isolates=*/false},
                      place.Observer());
  std::optional<ServeSocket::Report> report;
  const auto hears = [&] {
    fetcher.TryReceive();
    report = server.TryReceive();
    return report.has_value();
  };
  REQUIRE(Eventually(hears));
  const std::string peer = report->peer;
  for (int64_t i = 0; i < 2; ++i) {
    FrameMessage frame(TestFrame(i));
    REQUIRE(server.Send(peer, frame));
  }
  REQUIRE(Eventually([&] { return fetcher.TryReceive().has_value(); }));
  REQUIRE(Eventually([&] { return fetcher.TryReceive().has_value(); }));
  REQUIRE(Eventually([&] { return hears() && report->ready.received == 2; }));
  CHECK(report->ready.capacity > 2);
}

TEST_CASE("a path that a live link has is refused, one of a dead link is taken over") {
  Place place;
  {
    const auto sink = place.Serve();
    CHECK_THROWS_WITH(place.Serve(), Catch::Contains(place.path) && Catch::Contains("in use"));
    CHECK_THROWS_AS(CollectSource(place.address, kMaxFrame, 1, place.Observer()), Error);
  }
  struct stat left = {};
  CHECK(stat(place.path.c_str(), &left) != 0);
  CHECK_NOTHROW(place.Serve());
}

TEST_CASE("whatever is no socket is not removed for a link, and no link is followed to one") {
  Place place;
  const std::string file = place.directory.path() + "/notes";
  const std::string folder = place.directory.path() + "/folder";
  const std::string symlink_to_file = place.directory.path() + "/pointer";
  std::ofstream(file) << "precious";
  std::filesystem::create_directory(folder);
  std::filesystem::create_symlink(file, symlink_to_file);
  for (const std::string& path : {file, folder, symlink_to_file}) {
    INFO(path);
    CHECK_THROWS_WITH(CollectSource("ipc://" + path, kMaxFrame, 1, place.Observer()),
                      Catch::Contains(path) && Catch::Contains("not a socket"));
    place.address = "ipc://" + path;
    CHECK_THROWS_WITH(place.Serve(), Catch::Contains(path) && Catch::Contains("not a socket"));
  }
  std::ifstream kept(file);
  CHECK(std::string(std::istreambuf_iterator<char>(kept), {}) == "precious");
  CHECK(std::filesystem::is_directory(folder));
  CHECK(std::filesystem::is_symlink(symlink_to_file));
}

TEST_CASE("what took the path of a link's socket outlives the link") {
  Place place;
  {
    const auto sink = place.Serve();
    std::filesystem::remove(place.path);
    std::ofstream(place.path) << "precious";
  }
  CHECK(std::filesystem::is_regular_file(place.path));
}

TEST_CASE("a link is not bound where others could reach it") {
  Place place;
  chmod(place.directory.path().c_str(), 0755);
  CHECK_THROWS_WITH(place.Serve(), Catch::Contains(place.directory.path()));
}

}  // namespace rk
