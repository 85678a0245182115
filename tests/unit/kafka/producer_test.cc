#include "lib/kafka/producer.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/batch/make_batch.h"
#include "tests/unit/kafka/fake_producer_client.h"

namespace rk {
namespace {

using Values = std::vector<std::string>;

const DeliveryError kTooLarge{DeliveryError::Cause::kTooLarge, ErrorKind::kBadData, "too large"};
const DeliveryError kBadTimestamp{DeliveryError::Cause::kTimestamp, ErrorKind::kBadData, "too old"};
const DeliveryError kLeaderGone{DeliveryError::Cause::kElsewhere, ErrorKind::kUnavailable, "gone"};
const FatalError kRejectedForGood{true, ErrorKind::kBadData, "gap-less guarantee"};

/// A producer of topics with a partition each, whose clients the test plays.
struct Fixture {
  std::vector<std::string> warnings;
  Log log = [this](LogLevel level, std::string_view text) {
    if (level == LogLevel::kWarning) warnings.emplace_back(text);
  };
  FakeProducerClient* pipelined = nullptr;
  FakeProducerClient* serial = nullptr;
  int clients = 0;
  int topics_made = 0;
  FailureTally failures{log};
  Producer producer{{{"h:1", {}},
                     {"out", 1},
                     {"out.dlq", 0},
                     std::nullopt,
                     {},
                     [this] {
                       ++topics_made;
                       return 1;
                     },
                     "cluster"},
                    [this](AfterRejection after_rejection, int /*event_fd*/) {
                      ++clients;
                      auto client = std::make_unique<FakeProducerClient>(after_rejection);
                      (after_rejection == AfterRejection::kStop ? pipelined : serial) =
                          client.get();
                      return client;
                    },
                    failures,
                    log};

  /// Records of a topic, of which all may be failed.
  void ProduceFrom(const std::string& topic, const std::string& cluster, RecordState state) {
    const TopicPartition partition{topic, 0};
    BatchInfo info = MakeInfo({0, 1}, kEpoch, partition);
    info.cluster_id = cluster;
    FrameBuilder builder(info, 1, 8);
    RecordView record;
    record.state = state;
    if (state == RecordState::kFailed) record.failure = {"rk-map", "code", "why"};
    builder.Add(record);
    producer.Produce(std::make_shared<const Frame>(builder.Finish()));
  }
  size_t CircleWarnings() const {
    return static_cast<size_t>(std::ranges::count_if(warnings, [](const std::string& text) {
      return text.find("go round for ever") != std::string::npos;
    }));
  }
  void Produce(int64_t first, int64_t next) {
    producer.Produce(std::make_shared<const Frame>(MakeBatch(MakeInfo({first, next}))));
  }
  /// Stores the first of a client's records; false where it has none.
  std::string Store(FakeProducerClient& client) {
    const std::string value = client.StoreFirst().value.value_or("null");
    producer.Serve();
    return value;
  }
  /// The broker knows the producer: record 0 is stored.
  void Prime() {
    Produce(0, 1);
    REQUIRE(Store(*pipelined) == "value 0");
  }
  /// All in flight share one request, and it is rejected.
  void RejectRequest(const DeliveryError& error) {
    while (!pipelined->in_flight.empty()) pipelined->FailFirst(error);
    pipelined->End(kRejectedForGood);
    producer.Serve();
  }
  ErrorKind ServeAndFail() {
    try {
      producer.Serve();
    } catch (const Error& error) {
      return error.kind();
    }
    FAIL("no error");
    return ErrorKind::kBug;
  }
};

std::string HeaderOf(const SentRecord& sent, const std::string& name) {
  const std::map<std::string, std::string> headers(sent.more_headers.begin(),
                                                   sent.more_headers.end());
  const auto found = headers.find(name);
  return found == headers.end() ? "none" : found->second;
}

constexpr char kCode[] = "__connect.errors.exception.class.name";

}  // namespace

TEST_CASE_METHOD(Fixture, "a batch is done when the last of its records is stored") {
  Prime();
  Produce(1, 3);
  CHECK(pipelined->values() == Values{"value 1", "value 2"});
  pipelined->StoreFirst();
  CHECK(producer.Serve().empty());
  CHECK(producer.outstanding() == 1);
  pipelined->StoreFirst();
  const auto done = producer.Serve();
  REQUIRE(done.size() == 1);
  CHECK(RangeOf(*done.front()) == OffsetRange{1, 3});
  CHECK(producer.outstanding() == 0);
  CHECK(producer.outstanding_bytes() == 0);
  CHECK(producer.totals().records == 3);
  CHECK(producer.totals().bytes == 3 * std::string("value 0").size());
}

TEST_CASE_METHOD(Fixture, "records that go where they come from are warned of, once") {
  ProduceFrom("in", "cluster", RecordState::kOk);
  ProduceFrom("out", "another cluster", RecordState::kOk);
  ProduceFrom("out", "cluster", RecordState::kFailed);
  ProduceFrom("out", "cluster", RecordState::kFiltered);
  ProduceFrom("out.dlq", "cluster", RecordState::kOk);
  CHECK(CircleWarnings() == 0);
  ProduceFrom("out", "cluster", RecordState::kOk);
  ProduceFrom("out", "cluster", RecordState::kOk);
  CHECK(CircleWarnings() == 1);
  CHECK(warnings.back().ends_with("topic=out"));
}

TEST_CASE_METHOD(Fixture, "a dead letter that fails again goes round too") {
  ProduceFrom("out.dlq", "cluster", RecordState::kFailed);
  CHECK(CircleWarnings() == 1);
}

TEST_CASE_METHOD(Fixture, "the records of a rejected request are sent again alone and in order") {
  Prime();
  Produce(1, 4);
  RejectRequest(kTooLarge);
  REQUIRE(serial != nullptr);
  CHECK(pipelined->values().empty());
  CHECK(serial->values() == Values{"value 1"});
  CHECK(Store(*serial) == "value 1");
  CHECK(serial->values() == Values{"value 2"});
  CHECK(Store(*serial) == "value 2");
  CHECK(Store(*serial) == "value 3");
  CHECK(producer.totals().records == 4);
  CHECK(producer.totals().dead_letters == 0);
  Produce(4, 5);
  CHECK(pipelined->values() == Values{"value 4"});
}

TEST_CASE_METHOD(Fixture, "only the record that is rejected alone becomes a dead letter") {
  Prime();
  Produce(1, 4);
  RejectRequest(kTooLarge);
  Store(*serial);
  serial->FailFirst(kTooLarge);
  producer.Serve();
  // Its dead letter is the first of that partition, and what is behind it goes on.
  REQUIRE(pipelined->values() == Values{"value 2"});
  const SentRecord letter = pipelined->in_flight.front();
  CHECK(letter.destination == Destination::kDeadLetters);
  CHECK(HeaderOf(letter, kCode) == "record-too-large");
  CHECK(HeaderOf(letter, "__connect.errors.stage") == "rk-write");
  CHECK(serial->values() == Values{"value 3"});
  Store(*serial);
  CHECK(producer.outstanding() == 1);
  Store(*pipelined);
  CHECK(producer.outstanding() == 0);
  CHECK(producer.totals().records == 3);
  CHECK(producer.totals().dead_letters == 1);
}

TEST_CASE_METHOD(Fixture, "a record that the client itself rejects is a dead letter, and no more") {
  Prime();
  pipelined->send_error = kTooLarge;
  Produce(1, 3);
  REQUIRE(pipelined->values() == Values{"value 1", "value 2"});
  CHECK(pipelined->in_flight[0].destination == Destination::kDeadLetters);
  CHECK(pipelined->in_flight[1].destination == Destination::kOutput);
  CHECK(clients == 1);
}

TEST_CASE_METHOD(Fixture, "what fails for no fault of its own is sent again, in order, anew") {
  Prime();
  Produce(1, 4);
  pipelined->FailFirst(kLeaderGone);
  producer.Serve();
  producer.Serve();
  CHECK(clients == 3);
  CHECK(Store(*pipelined) == "value 1");
  CHECK(pipelined->values() == Values{"value 2", "value 3"});
  CHECK(producer.totals().dead_letters == 0);
}

TEST_CASE_METHOD(Fixture, "a dead letter goes without what its topic rejects, then not at all") {
  Produce(0, 1);
  pipelined->FailFirst(kTooLarge);
  producer.Serve();
  CHECK(pipelined->values() == Values{"value 0"});
  pipelined->FailFirst(kTooLarge);
  producer.Serve();
  // The topic's queue is serial now: what was rejected alone goes on alone.
  REQUIRE(serial->values() == Values{"null"});
  CHECK(HeaderOf(serial->in_flight.front(), "rk-value-bytes") == "7");
  serial->FailFirst(kBadTimestamp);
  producer.Serve();
  REQUIRE(serial->values() == Values{"null"});
  CHECK(HeaderOf(serial->in_flight.front(), "rk-timestamp") == "-1");
  serial->FailFirst(kTooLarge);
  CHECK(ServeAndFail() == ErrorKind::kConfiguration);
}

TEST_CASE_METHOD(Fixture, "the dead-letter topic is made for the first dead letter, not before") {
  Prime();
  CHECK(topics_made == 0);
  for (int64_t offset = 1; offset < 3; ++offset) {
    pipelined->send_error = kTooLarge;
    Produce(offset, offset + 1);
    CHECK(topics_made == 1);
  }
}

TEST_CASE_METHOD(Fixture, "a failure of the brokers' making is counted by its code") {
  pipelined->send_error = kTooLarge;
  Produce(0, 1);
  CHECK(failures.Summary() == "record-too-large 1");
}

TEST_CASE_METHOD(Fixture,
                 "a value too large for the dead letters too is lost, if it was the only one") {
  for (const bool in_kafka : {false, true}) {
    BatchInfo info = MakeInfo({0, 1});
    if (in_kafka) info.cluster_id = "c";
    pipelined->send_error = kTooLarge;
    producer.Produce(std::make_shared<const Frame>(MakeBatch(info)));
    pipelined->FailFirst(kTooLarge);
    producer.Serve();
    CHECK(producer.totals().lost == (in_kafka ? 1 : 0));
    Store(*serial);
    CHECK(producer.totals().lost == 1);
  }
}

TEST_CASE_METHOD(Fixture, "what is abandoned is returned, and never sent again") {
  Prime();
  Produce(1, 3);
  pipelined->FailFirst(kLeaderGone);
  producer.Serve();  // value 1 waits, value 2 is purged
  const auto frames = producer.Abandon();
  REQUIRE(frames.size() == 1);
  CHECK(RangeOf(*frames.front()) == OffsetRange{1, 3});
  CHECK(producer.outstanding() == 0);
  CHECK(pipelined->values().empty());
  Produce(1, 2);
  Produce(2, 3);
  CHECK(Store(*pipelined) == "value 1");
  CHECK(Store(*pipelined) == "value 2");
}

TEST_CASE_METHOD(Fixture, "a topic that is gone ends the producer") {
  Produce(0, 1);
  pipelined->FailFirst({DeliveryError::Cause::kElsewhere, ErrorKind::kMissing, "unknown topic"});
  CHECK(ServeAndFail() == ErrorKind::kMissing);
}

TEST_CASE_METHOD(Fixture, "a client that ends before anything is stored ends the producer") {
  Produce(0, 1);
  pipelined->End({false, ErrorKind::kTryAgain, "fenced"});
  CHECK(ServeAndFail() == ErrorKind::kTryAgain);
}

TEST_CASE_METHOD(Fixture, "a client that ends later is replaced, and what it had is sent again") {
  Prime();
  Produce(1, 3);
  pipelined->End({false, ErrorKind::kTryAgain, "fenced"});
  producer.Serve();
  producer.Serve();
  CHECK(clients == 3);
  CHECK(Store(*pipelined) == "value 1");
}

TEST_CASE_METHOD(Fixture, "stored records put an end to a client's complaints") {
  Produce(0, 1);
  producer.Serve();
  CHECK(pipelined->forgotten == 0);
  Store(*pipelined);
  CHECK(pipelined->forgotten == 1);
}

}  // namespace rk
