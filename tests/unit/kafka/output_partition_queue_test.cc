#include "lib/kafka/output_partition_queue.h"

#include <array>
#include <vector>

#include <catch2/catch.hpp>

using rk::OutputPartitionQueue;
using rk::QueuedRecord;

namespace {

/// A queue, and ten records that may enter it.
struct Fixture {
  OutputPartitionQueue queue{0};
  std::array<QueuedRecord, 10> records;

  Fixture() {
    for (size_t i = 0; i < records.size(); ++i) records[i].order = i;
  }

  /// The queue once the broker knows the producer: record 0 is stored.
  void Prime() {
    REQUIRE(queue.Push(&records[0]));
    queue.OnStored(records[0]);
  }
  /// All that may go now, by order.
  std::vector<uint64_t> Go() {
    std::vector<uint64_t> orders;
    while (const QueuedRecord* record = queue.Pop()) orders.push_back(record->order);
    return orders;
  }
};

using Orders = std::vector<uint64_t>;

}  // namespace

TEST_CASE_METHOD(Fixture, "the first record travels alone, the others follow when it is stored") {
  CHECK(queue.Push(&records[0]));
  CHECK(queue.exclusive());
  CHECK_FALSE(queue.Push(&records[1]));
  CHECK_FALSE(queue.Push(&records[2]));
  CHECK(Go().empty());
  queue.OnStored(records[0]);
  CHECK(Go() == Orders{1, 2});
  CHECK_FALSE(queue.exclusive());
}

TEST_CASE_METHOD(Fixture, "once the broker knows the producer many are in flight") {
  Prime();
  CHECK(queue.Push(&records[1]));
  CHECK(queue.Push(&records[2]));
  CHECK_FALSE(queue.exclusive());
  CHECK_FALSE(queue.sent_serially());
}

TEST_CASE_METHOD(Fixture, "after a rejection the suspects travel one by one, in their old order") {
  Prime();
  for (size_t i = 1; i <= 4; ++i) REQUIRE(queue.Push(&records[i]));
  queue.Hold();
  CHECK_FALSE(queue.Push(&records[5]));
  // 3 and 4 were purged, 1 and 2 shared the rejected request; reports come in any order.
  queue.OnReturned(&records[4]);
  queue.OnSuspected(records[2]);
  queue.OnReturned(&records[2]);
  queue.OnReturned(&records[3]);
  queue.OnSuspected(records[1]);
  queue.OnReturned(&records[1]);
  CHECK(Go().empty());
  queue.Restart();
  CHECK(Go() == Orders{1});
  CHECK(queue.sent_serially());
  queue.OnStored(records[1]);
  CHECK(Go() == Orders{2});
  CHECK(queue.sent_serially());
  queue.OnStored(records[2]);
  // The new producer is not known yet.
  CHECK(Go() == Orders{3});
  CHECK_FALSE(queue.sent_serially());
  CHECK(queue.exclusive());
  queue.OnStored(records[3]);
  CHECK(Go() == Orders{4, 5});
}

TEST_CASE_METHOD(Fixture, "a record rejected alone keeps the queue serial until one is stored") {
  REQUIRE(queue.Push(&records[0]));
  for (size_t i = 1; i <= 4; ++i) REQUIRE_FALSE(queue.Push(&records[i]));
  queue.Hold();
  queue.OnRejected(records[0]);
  queue.Restart();
  CHECK(Go() == Orders{1});
  CHECK(queue.sent_serially());
  queue.OnRejected(records[1]);
  CHECK(Go() == Orders{2});
  CHECK(queue.sent_serially());
  queue.OnStored(records[2]);
  CHECK(Go() == Orders{3});
  CHECK_FALSE(queue.sent_serially());
}

TEST_CASE_METHOD(Fixture, "a new producer is unknown to the broker again") {
  Prime();
  REQUIRE(queue.Push(&records[1]));
  queue.Hold();
  queue.OnReturned(&records[1]);
  queue.Restart();
  CHECK(Go() == Orders{1});
  CHECK(queue.exclusive());
  CHECK_FALSE(queue.Push(&records[2]));
}

TEST_CASE_METHOD(Fixture, "a record that the client did not take changes nothing for the others") {
  Prime();
  REQUIRE(queue.Push(&records[1]));
  queue.OnWithdrawn();
  CHECK(queue.Push(&records[2]));
  CHECK(queue.Push(&records[3]));
  CHECK_FALSE(queue.sent_serially());
}

TEST_CASE_METHOD(Fixture, "a broker may have forgotten a producer that was silent for long") {
  Prime();
  queue.ForgetIfIdle();
  REQUIRE(queue.Push(&records[1]));
  queue.OnStored(records[1]);
  queue.ForgetIfIdle();
  CHECK(queue.Push(&records[2]));
  CHECK_FALSE(queue.exclusive());
  queue.OnStored(records[2]);
  queue.ForgetIfIdle();
  queue.ForgetIfIdle();
  CHECK(queue.Push(&records[3]));
  CHECK(queue.exclusive());
}
