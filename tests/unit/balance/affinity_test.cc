#include "lib/balance/affinity.h"

#include <set>

#include <catch2/catch.hpp>

namespace rk {
namespace {

constexpr int64_t kEpoch = 5;

TopicPartition Partition(int32_t number) { return {"applications", number}; }

HeldRange Batch(int32_t number, int64_t first, int64_t epoch = kEpoch) {
  return {Partition(number), epoch, {first, first + 10}};
}

}  // namespace

TEST_CASE("partitions are shared out evenly, and each stays where it is") {
  PartitionAffinity affinity;
  affinity.SetPeers({"a", "b"});
  std::multiset<std::string> peers;
  for (int32_t number = 0; number < 6; ++number) peers.insert(*affinity.PeerFor(Partition(number)));
  CHECK(peers.count("a") == 3);
  CHECK(peers.count("b") == 3);
  const auto before = affinity.PeerFor(Partition(4));
  affinity.Sent(Batch(4, 0), *before, 0);
  CHECK(affinity.PeerFor(Partition(4)) == before);
}

TEST_CASE("nothing moves where one share is larger than another by one") {
  PartitionAffinity affinity;
  affinity.SetPeers({"b", "a"});
  std::vector<std::optional<std::string>> before;
  std::vector<std::optional<std::string>> after;
  for (int32_t number = 0; number < 5; ++number)
    before.push_back(affinity.PeerFor(Partition(number)));
  affinity.SetPeers({"a", "b"});
  for (int32_t number = 0; number < 5; ++number)
    after.push_back(affinity.PeerFor(Partition(number)));
  CHECK(after == before);
}

TEST_CASE("a partition without a peer waits for one") {
  PartitionAffinity affinity;
  CHECK_FALSE(affinity.PeerFor(Partition(0)));
  affinity.SetPeers({"a"});
  CHECK(affinity.PeerFor(Partition(0)) == "a");
}

TEST_CASE("a new peer gets its share, each partition when nothing of it is in flight") {
  PartitionAffinity affinity;
  affinity.SetPeers({"a"});
  for (int32_t number = 0; number < 4; ++number) affinity.Sent(Batch(number, 0), "a", 0);
  affinity.SetPeers({"a", "b"});
  int waiting = 0;
  for (int32_t number = 0; number < 4; ++number)
    waiting += affinity.PeerFor(Partition(number)) ? 0 : 1;
  CHECK(waiting == 2);
  for (int32_t number = 0; number < 4; ++number) affinity.Settled(Batch(number, 0), "a", true);
  std::multiset<std::string> peers;
  for (int32_t number = 0; number < 4; ++number) peers.insert(*affinity.PeerFor(Partition(number)));
  CHECK(peers.count("b") == 2);
}

TEST_CASE("a peer that may hold something back for an earlier batch gets that, although it moves") {
  PartitionAffinity affinity;
  affinity.SetPeers({"a"});
  affinity.Sent(Batch(0, 20), "a", 10);  // 10 to 20 is still at some model
  affinity.SetPeers({"b"});
  CHECK_FALSE(affinity.PeerFor(Partition(0)));  // a leaves: what it holds back comes again
  affinity.SetPeers({"a", "b"});
  CHECK(affinity.PeerFor(Partition(0)) == "a");
  affinity.Sent(Batch(0, 10), "a", 10);
  CHECK_FALSE(affinity.PeerFor(Partition(0)));  // nothing is missing there any more
  affinity.Settled(Batch(0, 10), "a", true);
  affinity.Settled(Batch(0, 20), "a", true);
  CHECK(affinity.PeerFor(Partition(0)) == "b");
}

TEST_CASE("batches of an earlier reader may be held back until one of the new reader comes") {
  PartitionAffinity affinity;
  affinity.SetPeers({"a"});
  affinity.Sent(Batch(0, 0, kEpoch), "a", 0);
  affinity.Sent(Batch(0, 0, kEpoch + 1), "a", 0);
  affinity.SetPeers({"b"});
  affinity.SetPeers({"b", "a"});
  CHECK(affinity.PeerFor(Partition(0)) == "a");
}

TEST_CASE("a new peer hears of what the one before it has done") {
  PartitionAffinity affinity;
  affinity.SetPeers({"a"});
  CHECK(affinity.Sent(Batch(0, 0), "a", 0) == 0);
  CHECK(affinity.Sent(Batch(0, 10), "a", 0) == 0);
  CHECK(affinity.Sent(Batch(0, 20), "a", 0) == 0);
  affinity.Settled(Batch(0, 0), "a", true);
  affinity.Settled(Batch(0, 20), "a", true);
  affinity.Settled(Batch(0, 10), "a", false);
  affinity.SetPeers({"b"});
  CHECK(affinity.Sent(Batch(0, 10), "b", 0) == 10);
  affinity.Settled(Batch(0, 10), "b", true);
  CHECK(affinity.Sent(Batch(0, 30), "b", 0) == 30);
  CHECK(affinity.Sent(Batch(0, 40), "b", 35) == 35);
}

TEST_CASE("a peer that is found to have a batch has not heard of what others have done") {
  PartitionAffinity affinity;
  affinity.SetPeers({"a", "b"});
  affinity.Sent(Batch(0, 0), "b", 0);
  affinity.Settled(Batch(0, 0), "b", true);
  affinity.Found(Batch(0, 10), "a");
  CHECK(affinity.PeerFor(Partition(0)) == "a");
  CHECK(affinity.FindUninformed().size() == 1);
  CHECK(affinity.Sent(Batch(0, 20), "a", 0) == 10);
  CHECK(affinity.FindUninformed().empty());
  CHECK_FALSE(affinity.PeerFor(Partition(0)));  // it will be done with both
}

// As after a balance was killed: b got the third batch from the new one, before that heard that a
// has the second.
TEST_CASE("what one peer holds back for a batch that another one has done is not waited for") {
  PartitionAffinity affinity;
  affinity.SetPeers({"b"});
  affinity.Sent(Batch(0, 20), "b", 0);
  affinity.SetPeers({"a", "b"});
  affinity.Sent(Batch(0, 10), "a", 0);
  CHECK(affinity.PeerFor(Partition(0)) == "a");  // the first is missing there
  affinity.Sent(Batch(0, 0), "a", 0);
  affinity.Settled(Batch(0, 0), "a", true);
  affinity.Settled(Batch(0, 10), "a", true);
  CHECK(affinity.PeerFor(Partition(0)) == "b");
  CHECK(affinity.Sent(Batch(0, 30), "b", 0) == 20);  // so b learns that it need not wait
}

// Each of two peers has what the other one needs.
TEST_CASE("a peer that does not know what another one has done hears of it with the next frame") {
  PartitionAffinity affinity;
  affinity.SetPeers({"a", "b"});
  affinity.Sent(Batch(0, 10), "a", 0);
  affinity.Sent(Batch(0, 0), "b", 0);
  affinity.Settled(Batch(0, 0), "b", true);
  affinity.Sent(Batch(0, 20), "b", 0);
  CHECK(affinity.PeerFor(Partition(0)) == "a");
  REQUIRE(affinity.FindUninformed().size() == 1);
  CHECK(affinity.FindUninformed()[0].batch == Batch(0, 10));
  CHECK(affinity.FindUninformed()[0].peer == "a");
  CHECK(affinity.Sent(Batch(0, 30), "a", 0) == 10);
  CHECK(affinity.FindUninformed().empty());
  CHECK(affinity.PeerFor(Partition(0)) == "b");
}

TEST_CASE("what was done under another epoch says nothing of this one") {
  PartitionAffinity affinity;
  affinity.SetPeers({"a"});
  affinity.Sent(Batch(0, 0), "a", 0);
  affinity.Settled(Batch(0, 0), "a", true);
  CHECK(affinity.Sent(Batch(0, 0, kEpoch + 1), "a", 0) == 0);
  CHECK(affinity.Sent(Batch(0, 10, kEpoch), "a", 3) == 3);
}

}  // namespace rk
