#include "lib/balance/balance_loop.h"

#include <sys/eventfd.h>

#include <atomic>
#include <ctime>
#include <filesystem>
#include <future>

#include <catch2/catch.hpp>

#include "lib/base/event_fd.h"
#include "lib/link/ack_channel.h"
#include "lib/link/collect.h"
#include "tests/unit/balance/link_place.h"

namespace rk {
namespace {

using std::chrono::milliseconds;

/// A balance on a thread, until it is told to drain, or the test has failed.
class Balance {
 public:
  Balance(std::unique_ptr<MessageSource> source, std::unique_ptr<FrameServer> server)
      : source_(std::move(source)), server_(std::move(server)) {
    done_ = std::async(std::launch::async, [this] {
      BalanceDuties duties;
      duties.fd = drain_.fd();
      duties.on_readable = [this] { ++duties_done_; };
      duties.draining = [this] {
        if (abandoned_) throw std::runtime_error("the test has failed");
        return draining_.load();
      };
      duties.received = [this](size_t records) { records_ += records; };
      RunBalance(*source_, *server_, duties);
    });
  }
  ~Balance() {
    abandoned_ = std::uncaught_exceptions() > 0;
    Drain();
    if (done_.valid()) done_.wait();
  }
  void Drain() {
    draining_ = true;
    drain_.Set();
  }
  bool Ends() { return done_.wait_for(kPatience) == std::future_status::ready; }
  bool runs() { return done_.wait_for(milliseconds(0)) != std::future_status::ready; }
  size_t records() const { return records_; }
  int duties_done() const { return duties_done_; }

 private:
  std::unique_ptr<MessageSource> source_;
  std::unique_ptr<FrameServer> server_;
  EventFd drain_;
  std::atomic<bool> draining_ = false;
  std::atomic<bool> abandoned_ = false;
  std::atomic<size_t> records_ = 0;
  std::atomic<int> duties_done_ = 0;
  std::future<void> done_;
};

/// One that fetches from, or collects on, `place`, and serves at its `out`.
struct Hop {
  Place& place;
  std::string out = place.directory.path() + "/out";

  std::unique_ptr<MessageSource> Collects() {
    return std::make_unique<CollectSocket>(place.address, kMaxFrame, 4, place.Observer());
  }
  std::unique_ptr<MessageSource> Fetches() {
    return std::make_unique<FetchSocket>(FetchSocket::Options{place.address, kMaxFrame, 2, false},
                                         place.Observer());
  }
  std::unique_ptr<FrameServer> Server(size_t queue_records = 100) {
    return std::make_unique<FrameServer>(
        FrameServer::Options{"ipc://" + out, kMaxFrame, queue_records, Balancer::By::kNone},
        place.Observer());
  }
  std::unique_ptr<FetchSource> Behind(size_t prefetch = 2) {
    return std::make_unique<FetchSource>(
        FetchSource::Options{"ipc://" + out, kMaxFrame, prefetch, true}, place.Observer());
  }
};

/// A frame of one record that is acknowledged at `acks`.
Frame AckedFrame(const AckServer& acks) {
  BatchInfo info;
  info.topic = "applications";
  info.epoch = 5;
  info.next_offset = 1;
  info.ack_endpoint = acks.endpoint();
  FrameBuilder builder(info, 1, 10);
  RecordView record;
  record.value = "a value";
  builder.Add(record);
  return builder.Finish();
}

std::string Damaged(int64_t offset) {
  std::string bytes(TestFrame(offset).bytes());
  bytes.back() ^= 1;
  return bytes;
}

}  // namespace

TEST_CASE("a balance passes frames on with every byte, in order, and ends when all is done") {
  Place place;
  Hop hop{place};
  Balance balance(hop.Collects(), hop.Server());
  const auto sink = place.Push(4);
  const auto source = hop.Behind();
  for (int64_t i = 0; i < 100; ++i) {
    for (int64_t next = i; i % 20 == 0 && next < i + 20; ++next)  // its queue takes 50
      sink->Send(TestFrame(next, 2, 20'000));
    const auto frame = Receive(*source);
    REQUIRE(frame);
    CHECK((frame->bytes() == TestFrame(i, 2, 20'000).bytes()));
    if (i == 99) {
      sink->Finish(kNobody);
      balance.Drain();
      std::this_thread::sleep_for(CollectSocket::kQuiet + milliseconds(200));
      CHECK(balance.runs());  // the last one is not done
    }
    source->Done(BatchOf(frame->info()));
  }
  CHECK(balance.Ends());
  CHECK(balance.records() == 200);
}

TEST_CASE("a balance whose queue is full takes no more, and still hears who leaves") {
  Place place;
  Hop hop{place};
  const Balance balance(hop.Collects(), hop.Server(2));
  const Pusher pusher(place, 40);
  CHECK(Eventually([&] { return balance.records() == 2; }));
  const std::clock_t before = std::clock();
  std::this_thread::sleep_for(milliseconds(300));
  CHECK(std::clock() - before < CLOCKS_PER_SEC / 8);  // it sleeps meanwhile
  CHECK(balance.records() == 2);
  CHECK(pusher.sent() < 20);
  const auto source = hop.Behind();
  for (int64_t i = 0; i < 40; ++i) {
    const auto frame = Receive(*source);
    REQUIRE(frame);
    source->Done(BatchOf(frame->info()));
  }
}

TEST_CASE("a balance does its other duties while frames come and while none do") {
  Place place;
  Hop hop{place};
  Balance balance(hop.Collects(), hop.Server());
  place.Push()->Send(TestFrame(0));
  const auto source = hop.Behind();
  const auto frame = Receive(*source);
  REQUIRE(frame);
  source->Done(BatchOf(frame->info()));
  CHECK(balance.duties_done() == 0);  // none are due
  balance.Drain();
  CHECK(balance.Ends());
  CHECK(balance.duties_done() > 0);
}

TEST_CASE("a frame that is damaged on its way goes through a balance and is lost at its reader") {
  Place place;
  Hop hop{place};
  const Balance balance(hop.Collects(), hop.Server());
  zmq::context_t context;
  zmq::socket_t bad(context, zmq::socket_type::dealer);
  bad.connect(place.address);
  const auto source = hop.Behind(1);  // what is on its way behind a damaged one is sent again
  for (const std::string& bytes : {Damaged(0), std::string(TestFrame(1).bytes()), Damaged(2),
                                   std::string("nonsense"), std::string(TestFrame(3).bytes())}) {
    bad.send(zmq::buffer(bytes), zmq::send_flags::none);
  }
  const auto frame = Receive(*source);
  REQUIRE(frame);
  CHECK(frame->info().first_offset == 1);
  source->Done(BatchOf(frame->info()));
  CHECK(Receive(*source)->info().first_offset == 3);
  CHECK(place.dropped == 3);
}

TEST_CASE("a fetched frame that turns out to be damaged is asked for again, without blame") {
  Place place;
  const TestEnvironment environment("RK_RUNTIME_DIR", place.directory.path());
  AckServer acks(RuntimeDir(), RandomOrigin(), [](LogLevel, std::string_view) {});
  const Frame frame = AckedFrame(acks);
  zmq::message_t bytes(frame.bytes().data(), frame.bytes().size());
  bytes.data<char>()[frame.bytes().size() - 1] ^= 1;

  const auto server = Hop{place, place.path}.Server();
  const auto source = place.Fetch();
  server->Add(FrameMessage(std::move(bytes)), FrameServer::Clock::now());
  std::optional<AckMessage> nack;
  CHECK(Eventually([&] {
    server->Serve(FrameServer::Clock::now());
    CHECK_FALSE(source->TryReceive());
    nack = acks.TryReceive();
    return nack.has_value();
  }));
  CHECK(nack->kind == AckKind::kNack);
  CHECK_FALSE(nack->blame);
  CHECK(nack->partition == TopicPartition{"applications", 0});
  CHECK(nack->epoch == 5);
  CHECK(nack->ranges == std::vector<OffsetRange>{{0, 1}});
  CHECK(Eventually([&] {
    server->Serve(FrameServer::Clock::now());
    return server->Idle();
  }));
}

TEST_CASE("a balance that dies is not blamed on the records that it was to pass on") {
  for (const bool isolates : {false, true}) {  // a balance; a model, which may have died of them
    Place place;
    const TestEnvironment environment("RK_RUNTIME_DIR", place.directory.path());
    AckServer acks(RuntimeDir(), RandomOrigin(), [](LogLevel, std::string_view) {});
    const auto server = Hop{place, place.path}.Server();
    server->Add(FrameMessage(AckedFrame(acks)), FrameServer::Clock::now());
    auto source = std::make_unique<FetchSocket>(
        FetchSocket::Options{place.address, kMaxFrame, 2, isolates}, place.Observer());
    CHECK(Eventually([&] {
      server->Serve(FrameServer::Clock::now());
      return source->TryReceive().has_value();
    }));
    source.reset();
    std::optional<AckMessage> nack;
    CHECK(Eventually([&] {
      server->Serve(FrameServer::Clock::now());
      nack = acks.TryReceive();
      return nack.has_value();
    }));
    CHECK(nack->kind == AckKind::kNack);
    CHECK(nack->blame == isolates);
  }
}

TEST_CASE("a balance that fetches tells its server that it lives, from its own loop") {
  Place place;
  Hop hop{place};
  const auto sink = place.Serve(100);
  const Balance balance(hop.Fetches(), hop.Server());
  std::this_thread::sleep_for(Balancer::kSilence + milliseconds(500));
  sink->Send(TestFrame(0));
  const auto source = hop.Behind();
  CHECK(Receive(*source)->info().first_offset == 0);
}

}  // namespace rk
