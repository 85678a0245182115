#include "lib/balance/balancer.h"

#include <catch2/catch.hpp>

namespace rk {
namespace {

using Clock = Balancer::Clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Clock::time_point kNow{seconds(1000)};
constexpr size_t kQueue = 100;

/// One with somebody to refuse it to.
Frame Batch(int64_t first, size_t records = 1, std::string_view topic = "applications") {
  BatchInfo info;
  info.topic = topic;
  info.epoch = 5;
  info.first_offset = first;
  info.next_offset = first + static_cast<int64_t>(records);
  info.ack_endpoint = "ipc:///run/rk/ack";
  FrameBuilder builder(info, records, records);
  for (int64_t offset = first; offset < info.next_offset; ++offset) {
    RecordView record;
    record.offset = offset;
    builder.Add(record);
  }
  return builder.Finish();
}

Frame Suspect(int64_t first, uint32_t attempt = 1) {
  Frame frame = Batch(first);
  frame.Stamp(0, attempt);
  return frame;
}

/// So many of one record each, from offset 0 on.
void AddBatches(Balancer& balancer, int64_t count) {
  for (int64_t first = 0; first < count; ++first) balancer.Add(FrameMessage(Batch(first)), kNow);
}

HeldRange Held(int64_t first, int64_t next) { return {{"applications", 0}, 5, {first, next}}; }

/// A peer as its server hears of it.
struct Peer {
  Balancer& balancer;
  std::string name;
  ReadyMessage state;

  Peer(Balancer& server, std::string peer, uint32_t capacity = 2, bool isolates = true)
      : balancer(server), name(std::move(peer)) {
    state.instance.fill(static_cast<uint8_t>(name[0]));
    state.isolates = isolates;
    state.capacity = capacity;
    Say();
  }
  std::vector<Balancer::LostBatch> Say(Clock::time_point now = kNow) {
    return balancer.OnReady(name, state, now);
  }
  /// It has what it was sent, and holds all of it.
  void Take(const HeldRange& range) {
    ++state.received;
    --state.capacity;
    state.held.push_back(range);
    Say();
  }
  void Finish(size_t index) {
    state.held.erase(state.held.begin() + static_cast<std::ptrdiff_t>(index));
    ++state.capacity;
    Say();
  }
};

/// Who gets the next frame, and which: "a0"; "" for nobody.
std::string Next(Balancer& balancer, Clock::time_point now = kNow) {
  const auto next = balancer.Next(now);
  return next ? next->peer + std::to_string(next->frame.info().first_offset) : "";
}

}  // namespace

TEST_CASE("a frame waits until a peer asks for one, and no peer gets more than it asked for") {
  Balancer balancer(kQueue, Balancer::By::kNone);
  AddBatches(balancer, 4);
  CHECK(Next(balancer).empty());
  const Peer peer(balancer, "a", 2);
  CHECK(Next(balancer) == "a0");
  CHECK(Next(balancer) == "a1");
  CHECK(Next(balancer).empty());
}

TEST_CASE("a word that was on its way when frames were sent does not count them twice") {
  Balancer balancer(kQueue, Balancer::By::kNone);
  AddBatches(balancer, 6);
  Peer peer(balancer, "a", 2);
  CHECK(Next(balancer) == "a0");
  CHECK(Next(balancer) == "a1");
  peer.Say();  // said before either came
  CHECK(Next(balancer).empty());
  peer.Take(Held(0, 1));
  CHECK(Next(balancer).empty());
  peer.Take(Held(1, 2));
  peer.Finish(0);
  CHECK(Next(balancer) == "a2");
  CHECK(Next(balancer).empty());
}

TEST_CASE("the peer with the least outstanding is next, and peers that are equal take turns") {
  Balancer balancer(kQueue, Balancer::By::kNone);
  AddBatches(balancer, 9);
  Peer a(balancer, "a", 3);
  const Peer b(balancer, "b", 3);
  CHECK(Next(balancer) == "a0");
  CHECK(Next(balancer) == "b1");
  CHECK(Next(balancer) == "a2");
  a.Take(Held(0, 1));
  a.Take(Held(2, 3));
  a.Finish(0);
  a.Finish(0);
  CHECK(Next(balancer) == "a3");
}

TEST_CASE("the queue has room until so many records wait, and one frame may go over") {
  Balancer balancer(5, Balancer::By::kNone);
  balancer.Add(FrameMessage(Batch(0, 4)), kNow);
  CHECK(balancer.HasRoom());
  balancer.Add(FrameMessage(Batch(4, 4)), kNow);
  CHECK_FALSE(balancer.HasRoom());
  CHECK(balancer.waiting_records() == 8);
  const Peer peer(balancer, "a", 1);
  const auto next = balancer.Next(kNow + milliseconds(30));
  CHECK((next->waited == milliseconds(30)));
  CHECK(balancer.HasRoom());
  CHECK_FALSE(balancer.Idle());
}

TEST_CASE("a server is idle when nothing waits and every peer is done with what it got") {
  Balancer balancer(kQueue, Balancer::By::kNone);
  CHECK(balancer.Idle());
  balancer.Add(FrameMessage(Batch(0)), kNow);
  CHECK_FALSE(balancer.Idle());
  Peer peer(balancer, "a");
  CHECK(Next(balancer) == "a0");
  CHECK_FALSE(balancer.Idle());
  peer.Take(Held(0, 1));
  CHECK_FALSE(balancer.Idle());
  peer.Finish(0);
  CHECK(balancer.Idle());
}

TEST_CASE("a suspect goes to a peer that holds nothing, which gets nothing else until it is done") {
  Balancer balancer(kQueue, Balancer::By::kNone);
  Peer a(balancer, "a");
  Peer b(balancer, "b");
  balancer.Add(FrameMessage(Batch(0)), kNow);
  CHECK(Next(balancer) == "a0");
  a.Take(Held(0, 1));
  balancer.Add(FrameMessage(Suspect(10)), kNow);
  CHECK(Next(balancer) == "b10");
  b.Take(Held(10, 11));
  balancer.Add(FrameMessage(Batch(1)), kNow);
  balancer.Add(FrameMessage(Batch(2)), kNow);
  CHECK(Next(balancer) == "a1");
  CHECK(Next(balancer).empty());  // b has room, and a suspect
  b.Finish(0);
  CHECK(Next(balancer) == "b2");
}

TEST_CASE("when all peers are busy one is kept free for a suspect, and the others go on") {
  Balancer balancer(kQueue, Balancer::By::kNone);
  Peer a(balancer, "a");
  Peer b(balancer, "b");
  balancer.Add(FrameMessage(Batch(0)), kNow);
  balancer.Add(FrameMessage(Batch(1)), kNow);
  CHECK(Next(balancer) == "a0");
  CHECK(Next(balancer) == "b1");
  a.Take(Held(0, 1));
  b.Take(Held(1, 2));
  balancer.Add(FrameMessage(Suspect(10)), kNow);
  balancer.Add(FrameMessage(Batch(2)), kNow);
  balancer.Add(FrameMessage(Batch(3)), kNow);
  CHECK(Next(balancer) == "b2");  // a is kept free
  CHECK(Next(balancer).empty());
  a.Finish(0);
  CHECK(Next(balancer) == "a10");
  CHECK(Next(balancer).empty());
  a.Take(Held(10, 11));
  a.Finish(0);
  CHECK(Next(balancer) == "a3");  // nothing is kept free any more
}

TEST_CASE("when the peer that is kept free goes another one is") {
  Balancer balancer(kQueue, Balancer::By::kNone);
  Peer a(balancer, "a");
  Peer b(balancer, "b");
  AddBatches(balancer, 2);
  CHECK(Next(balancer) == "a0");
  CHECK(Next(balancer) == "b1");
  a.Take(Held(0, 1));
  b.Take(Held(1, 2));
  balancer.Add(FrameMessage(Suspect(10)), kNow);
  CHECK(Next(balancer).empty());  // a is kept free
  const int how = GENERATE(0, 1, 2);
  if (how == 0) {
    a.state.leaving = true;
    a.Say();
  } else if (how == 1) {
    balancer.RemovePeer("a");
  } else {
    b.Say(kNow + seconds(2));
    CHECK(balancer.DropSilent(kNow + seconds(2)).size() == 1);
  }
  CHECK(Next(balancer, kNow + seconds(2)).empty());
  balancer.Add(FrameMessage(Batch(2)), kNow);
  CHECK(Next(balancer, kNow + seconds(2)).empty());  // b is
  b.state.held.clear();
  b.state.capacity = 2;
  b.Say(kNow + seconds(2));
  CHECK(Next(balancer, kNow + seconds(2)) == "b10");
}

TEST_CASE("writers take suspects like any other frame") {
  Balancer balancer(kQueue, Balancer::By::kNone);
  Peer a(balancer, "a", 3, false);
  balancer.Add(FrameMessage(Batch(0)), kNow);
  balancer.Add(FrameMessage(Suspect(10)), kNow);
  balancer.Add(FrameMessage(Batch(1)), kNow);
  CHECK(Next(balancer) == "a0");
  CHECK(Next(balancer) == "a10");
  CHECK(Next(balancer) == "a1");
}

TEST_CASE("what a dead peer held is refused, batch by batch, and a model is to blame") {
  for (const bool isolates : {true, false}) {
    Balancer balancer(kQueue, Balancer::By::kNone);
    Peer peer(balancer, "a", 3, isolates);
    AddBatches(balancer, 3);
    for (int i = 0; i < 3; ++i) CHECK_FALSE(Next(balancer).empty());
    peer.Take(Held(0, 1));
    peer.Finish(0);
    peer.Take(Held(1, 2));  // 2 is on its way
    const auto refused = balancer.RemovePeer("a");
    REQUIRE(refused.size() == 2);
    CHECK(refused[0].batch == Held(1, 2));
    CHECK(refused[1].batch == Held(2, 3));
    CHECK(refused[0].blame == isolates);
    CHECK(balancer.Idle());
    CHECK(balancer.RemovePeer("a").empty());
  }
}

TEST_CASE("a silent peer gets nothing, what it held is refused once, and it may wake up") {
  Balancer balancer(kQueue, Balancer::By::kNone);
  Peer peer(balancer, "a", 2);
  balancer.Add(FrameMessage(Batch(0)), kNow);
  CHECK(Next(balancer) == "a0");
  CHECK(balancer.DropSilent(kNow + milliseconds(1900)).empty());
  CHECK(balancer.DropSilent(kNow + seconds(2)).size() == 1);
  CHECK(balancer.DropSilent(kNow + seconds(3)).empty());
  balancer.Add(FrameMessage(Batch(1)), kNow);
  CHECK(Next(balancer).empty());
  peer.state = {peer.state.instance, false, true, false, 1, 1, {}, "", {Held(0, 1)}};
  CHECK(peer.Say(kNow + seconds(4)).empty());
  CHECK(Next(balancer, kNow + seconds(4)) == "a1");
  CHECK(balancer.DropSilent(kNow + seconds(5)).empty());
}

TEST_CASE("a leaving peer gets nothing more, and is waited for") {
  Balancer balancer(kQueue, Balancer::By::kNone);
  Peer peer(balancer, "a", 2);
  balancer.Add(FrameMessage(Batch(0)), kNow);
  CHECK(Next(balancer) == "a0");
  peer.state.leaving = true;
  peer.Say();
  balancer.Add(FrameMessage(Batch(1)), kNow);
  CHECK(Next(balancer).empty());
  CHECK(balancer.RemovePeer("a").size() == 1);
}

TEST_CASE("a frame that could not be sent waits again, in front") {
  Balancer balancer(kQueue, Balancer::By::kNone);
  const Peer a(balancer, "a", 2);
  balancer.Add(FrameMessage(Batch(0)), kNow);
  balancer.Add(FrameMessage(Batch(1)), kNow);
  auto next = balancer.Next(kNow);
  REQUIRE(next);
  balancer.GiveBack(*std::move(next), kNow);
  CHECK(balancer.RemovePeer("a").empty());
  CHECK(balancer.waiting_records() == 2);
  const Peer b(balancer, "b", 2);
  CHECK(Next(balancer) == "b0");
}

TEST_CASE("a peer that made another connection keeps what it holds, and what got lost is refused") {
  Balancer balancer(kQueue, Balancer::By::kNone);
  Peer peer(balancer, "a", 3);
  AddBatches(balancer, 2);
  CHECK(Next(balancer) == "a0");
  CHECK(Next(balancer) == "a1");
  peer.name = "b";  // the instance is the same
  peer.state.held = {Held(0, 1)};
  const auto lost = peer.Say();
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].batch == Held(1, 2));
  CHECK_FALSE(lost[0].blame);
  CHECK(balancer.peers() == std::vector<std::string>{"b"});
  CHECK_FALSE(balancer.Idle());
  peer.state.held.clear();
  peer.Say();
  CHECK(balancer.Idle());
}

TEST_CASE("what got lost with a connection is told from what lies next to it") {
  Balancer balancer(kQueue, Balancer::By::kNone);
  Peer peer(balancer, "a", 3);
  AddBatches(balancer, 3);
  for (int i = 0; i < 3; ++i) CHECK_FALSE(Next(balancer).empty());
  peer.name = "b";
  peer.state.held = {Held(1, 2)};
  const auto lost = peer.Say();
  REQUIRE(lost.size() == 2);
  CHECK(lost[0].batch == Held(0, 1));
  CHECK(lost[1].batch == Held(2, 3));
}

TEST_CASE("a peer that made another connection has done nothing of a partition by that") {
  Balancer balancer(kQueue, Balancer::By::kPartition);
  Peer peer(balancer, "a", 3, false);
  balancer.Add(FrameMessage(Batch(0)), kNow);
  CHECK(Next(balancer) == "a0");
  peer.name = "b";
  peer.state.held = {Held(0, 1)};
  CHECK(peer.Say().empty());
  CHECK(balancer.RemovePeer("b").size() == 1);
  const Peer next(balancer, "c", 3, false);
  balancer.Add(FrameMessage(Batch(0)), kNow);  // again
  const auto again = balancer.Next(kNow);
  REQUIRE(again);
  CHECK(again->frame.info().floor == 0);
}

TEST_CASE("what a peer kept over another connection is in flight there, and binds its partition") {
  Balancer balancer(kQueue, Balancer::By::kPartition);
  Peer peer(balancer, "z", 3, false);
  AddBatches(balancer, 1);
  CHECK(Next(balancer) == "z0");
  const Peer other(balancer, "b", 3, false);
  peer.name = "y";
  peer.state.held = {Held(0, 1)};
  CHECK(peer.Say().empty());
  balancer.Add(FrameMessage(Batch(1)), kNow);
  CHECK(Next(balancer) != "b1");  // 0 to 1 may come out at y behind it
}

TEST_CASE("a server that has just been started waits for what peers got from the one before") {
  Balancer balancer(kQueue, Balancer::By::kNone);
  Peer peer(balancer, "a", 1);
  CHECK(balancer.Idle());
  peer.name = "b";
  peer.state = {Origin{9}, false, true, false, 1, 0, {}, "", {Held(100, 200)}};
  peer.Say();
  CHECK_FALSE(balancer.Idle());
  peer.state.held.clear();
  peer.Say();
  CHECK(balancer.Idle());
}

TEST_CASE("what a writer holds back for want of word alone is requested again, once a second") {
  Balancer balancer(kQueue, Balancer::By::kPartition);
  const Peer a(balancer, "a", 4, false);
  balancer.Add(FrameMessage(Batch(1)), kNow);
  REQUIRE(Next(balancer) == "a1");
  CHECK(balancer.FindUninformed(kNow).empty());  // 0 to 1 is missing
  ReadyMessage other;                            // has that from an earlier server
  other.instance.fill('b');
  other.stores = true;
  other.held = {Held(0, 1)};
  balancer.OnReady("b", other, kNow);
  CHECK(balancer.FindUninformed(kNow).empty());
  other.held.clear();
  balancer.OnReady("b", other, kNow);
  const auto found = balancer.FindUninformed(kNow);
  REQUIRE(found.size() == 1);
  CHECK(found[0].batch == Held(1, 2));
  CHECK(found[0].ack_endpoint == "ipc:///run/rk/ack");
  CHECK_FALSE(found[0].blame);
  CHECK(balancer.FindUninformed(kNow + milliseconds(900)).empty());
  CHECK(balancer.FindUninformed(kNow + milliseconds(1000)).size() == 1);
  CHECK(balancer.FindUninformed(kNow + milliseconds(1900)).empty());
  balancer.Add(FrameMessage(Batch(2, 1, "events")), kNow);  // of another topic
  CHECK(balancer.FindUninformed(kNow + milliseconds(2000)).size() == 1);
  balancer.Add(FrameMessage(Batch(2)), kNow);  // will tell it
  CHECK(balancer.FindUninformed(kNow + milliseconds(3000)).empty());
}

TEST_CASE("a partition goes to one writer, and moves when that is gone") {
  Balancer balancer(kQueue, Balancer::By::kPartition);
  const Peer a(balancer, "a", 4, false);
  const Peer b(balancer, "b", 4, false);
  AddBatches(balancer, 3);
  const std::string first = Next(balancer).substr(0, 1);
  CHECK(Next(balancer) == first + "1");
  CHECK(balancer.RemovePeer(first).size() == 2);
  CHECK(Next(balancer) == (first == "a" ? "b2" : "a2"));
}

TEST_CASE("a partition moves from a writer that leaves") {
  Balancer balancer(kQueue, Balancer::By::kPartition);
  Peer a(balancer, "a", 4, false);
  Peer b(balancer, "b", 4, false);
  balancer.Add(FrameMessage(Batch(0)), kNow);
  const std::string first = Next(balancer);
  Peer& holder = first == "a0" ? a : b;
  holder.Take(Held(0, 1));
  holder.Finish(0);
  holder.state.leaving = true;
  holder.Say();
  balancer.Add(FrameMessage(Batch(1)), kNow);
  CHECK(Next(balancer) == (first == "a0" ? "b1" : "a1"));
}

TEST_CASE("a partition whose writer was silent goes to it again when it wakes up") {
  Balancer balancer(kQueue, Balancer::By::kPartition);
  Peer peer(balancer, "a", 4, false);
  CHECK(balancer.DropSilent(kNow + seconds(2)).empty());
  balancer.Add(FrameMessage(Batch(0)), kNow + seconds(3));
  CHECK(Next(balancer).empty());
  peer.Say(kNow + seconds(3));
  CHECK(Next(balancer) == "a0");
}

}  // namespace rk
