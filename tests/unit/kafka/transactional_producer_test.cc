#include "lib/kafka/transactional_producer.h"

#include <deque>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/batch/make_batch.h"
#include "tests/unit/kafka/fake_producer_client.h"

namespace rk {
namespace {

using Outcome = TransactionFlow::Outcome;
using FramePtr = DeliverySink::FramePtr;

constexpr char kReader[] = "ipc:///run/ack-1";
const GroupMember kMember{5, "member-1", ""};

/// A client whose steps end as the test says.
class FakeTransactionClient : public TransactionClient {
 public:
  ProducerClient& records() override { return producer; }
  bool Begin() override {
    ++begun;
    return true;
  }
  void StartOpen() override { steps.emplace_back("open"); }
  void StartTakeover(const TransactionFlow::Takeover& takeover) override {
    steps.emplace_back("take over");
    fenced = takeover.fence;
    taken_over = takeover.partitions;
  }
  void StartCommit(std::vector<TransactionFlow::Offsets> offsets) override {
    steps.emplace_back("commit");
    committing = std::move(offsets);
  }
  void StartAbort() override { steps.emplace_back("abort"); }
  std::optional<Result> TakeResult() override { return std::exchange(result, std::nullopt); }

  FakeProducerClient producer{AfterRejection::kContinue};
  int begun = 0;
  std::vector<std::string> steps;
  std::set<std::string> fenced;
  std::map<GroupPartition, std::string> taken_over;
  std::vector<TransactionFlow::Offsets> committing;
  std::optional<Result> result;
};

struct Fixture {
  Fixture()
      : producer(Options(), Factory(), failures, [this](LogLevel level, std::string_view text) {
          if (level == LogLevel::kWarning) warnings.emplace_back(text);
        }) {}

  static TransactionalProducer::Options Options() {
    TransactionalProducer::Options options;
    options.topics.output = {"decisions", 1};
    options.topics.dead_letters = {"decisions.dlq", 1};
    options.topics.placement = ParsePlacement("0");
    options.topics.cluster_id = "one";
    options.transactional_id = "w1";
    return options;
  }
  TransactionClientFactory Factory() {
    return [this](int) {
      auto client = std::make_unique<FakeTransactionClient>();
      clients.push_back(client.get());
      return client;
    };
  }

  FakeTransactionClient& client() { return *clients.back(); }
  std::vector<FramePtr> End(TransactionClient::Result result = {}) {
    client().result = std::move(result);
    return producer.Serve();
  }
  static TransactionClient::Result Failed(Outcome outcome) {
    TransactionClient::Result result;
    result.outcome = outcome;
    return result;
  }
  static TransactionClient::Result Committed(int64_t offset) {
    TransactionClient::Result result;
    result.committed[{"credit", kPartition}] = offset;
    return result;
  }

  FramePtr Frame(OffsetRange range) {
    BatchInfo info = MakeInfo(range);
    info.ack_endpoint = kReader;
    return std::make_shared<const rk::Frame>(MakeBatch(info));
  }
  /// Its partition is ours, with nothing committed of it.
  void Grant(const std::vector<std::string>& earlier = {}) {
    TransactionFlow& flow = producer.flow();
    REQUIRE(flow.TakeClaims(TransactionFlow::Clock::now()).size() == 1);
    flow.OnGroup(kReader, kMember);
    flow.OnGrant({kReader, kPartition, kEpoch}, flow.life(), "topic-1", earlier);
    producer.Serve();
    REQUIRE(client().steps.back() == "take over");
  }
  void StoreAll() {
    while (!client().producer.in_flight.empty()) {
      client().producer.StoreFirst();
      producer.Serve();
    }
  }

  FailureTally failures{[](LogLevel, std::string_view) {}};
  std::vector<FakeTransactionClient*> clients;  ///< the last lives
  std::vector<std::string> warnings;
  TransactionalProducer producer;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a batch is done when its transaction is committed, with its offsets") {
  CHECK(client().steps == std::vector<std::string>{"open"});  // before anything came
  producer.Produce(Frame({10, 12}));
  CHECK(End().empty());
  Grant({"w1", "w2"});
  CHECK(client().fenced == std::set<std::string>{"w2"});
  const std::map<GroupPartition, std::string> taken_over{{{"credit", kPartition}, "topic-1"}};
  CHECK(client().taken_over == taken_over);
  CHECK(client().producer.in_flight.empty());
  End(Committed(10));
  CHECK(client().producer.values() == std::vector<std::string>{"value 10", "value 11"});
  StoreAll();
  REQUIRE(client().steps.back() == "commit");
  REQUIRE(client().committing.size() == 1);
  const auto& offsets = client().committing[0];
  CHECK(offsets.group == "credit");
  CHECK(offsets.member == kMember);
  CHECK(offsets.offsets == std::vector<PartitionOffset>{{kPartition, 12}});
  CHECK(offsets.topic_ids == std::vector<std::string>{"topic-1"});
  CHECK(producer.totals().records == 0);
  CHECK(End().size() == 1);
  CHECK(producer.totals().records == 2);
  CHECK(producer.counts().commits == 1);
}

TEST_CASE_METHOD(Fixture, "what the group has committed is done and not produced") {
  producer.Produce(Frame({10, 12}));
  producer.Produce(Frame({12, 14}));
  End();
  Grant();
  CHECK(End(Committed(13)).size() == 1);
  CHECK(client().producer.values() == std::vector<std::string>{"value 13"});
}

TEST_CASE_METHOD(Fixture, "a record that is refused is a dead letter among its neighbours") {
  producer.Produce(Frame({0, 3}));
  End();
  Grant();
  End();
  const DeliveryError too_large{DeliveryError::Cause::kTooLarge, {}, "too large"};
  for (int i = 0; i < 3; ++i) client().producer.FailFirst(too_large);  // they shared a request
  producer.Serve();
  REQUIRE(client().steps.back() == "abort");
  CHECK(End().empty());
  CHECK(client().begun == 2);

  // Each alone; the second is the one.
  CHECK(client().producer.values() == std::vector<std::string>{"value 0"});
  client().producer.StoreFirst();
  producer.Serve();
  CHECK(client().producer.values() == std::vector<std::string>{"value 1"});
  client().producer.FailFirst(too_large);
  producer.Serve();
  REQUIRE(client().steps.back() == "abort");
  End();

  std::vector<Destination> destinations;
  while (!client().producer.in_flight.empty()) {
    destinations.push_back(client().producer.StoreFirst().destination);
    producer.Serve();
  }
  using D = Destination;
  CHECK(destinations == std::vector<D>{D::kOutput, D::kDeadLetters, D::kOutput});
  REQUIRE(client().steps.back() == "commit");
  CHECK(End().size() == 1);
  CHECK(producer.totals().records == 2);
  CHECK(producer.totals().dead_letters == 1);
  CHECK(failures.total() == 1);
  CHECK(clients.size() == 1);
}

TEST_CASE_METHOD(Fixture, "a commit that nobody answered is found out about by a new producer") {
  producer.Produce(Frame({0, 2}));
  End();
  Grant();
  End(Committed(0));
  StoreAll();
  REQUIRE(client().steps.back() == "commit");
  CHECK(End(Failed(Outcome::kLost)).empty());
  REQUIRE(clients.size() == 2);
  CHECK(producer.flow().TakeClaims(TransactionFlow::Clock::now()).empty());  // not yet open
  End();
  Grant();
  SECTION("it was carried out") {
    CHECK(End(Committed(2)).size() == 1);
    CHECK(client().producer.in_flight.empty());
  }
  SECTION("it was not") {
    CHECK(End(Committed(0)).empty());
    CHECK(client().producer.values() == std::vector<std::string>{"value 0", "value 1"});
  }
}

TEST_CASE_METHOD(Fixture, "a writer whose reader has lost its place waits for it to say the next") {
  producer.Produce(Frame({0, 2}));
  End();
  Grant();
  End();
  StoreAll();
  auto refused = Failed(Outcome::kAbort);
  refused.refused = kReader;
  End(refused);
  REQUIRE(client().steps.back() == "abort");
  End();
  CHECK(client().begun == 1);
  producer.flow().OnGroup(kReader, {6, "member-1", ""});
  producer.Serve();
  CHECK(client().begun == 2);
}

TEST_CASE_METHOD(Fixture, "two writers of one transactional id do not fence each other for ever") {
  auto fenced = Failed(Outcome::kLost);
  fenced.fenced = true;
  const auto fence_often = [&] {
    for (int i = 0; i < 20; ++i) End(fenced);
  };
  CHECK_THROWS_WITH(fence_often(), Catch::Contains("w1") && Catch::Contains("--transactional-id"));
}

TEST_CASE_METHOD(Fixture, "a writer that is soon fenced again warns") {
  auto fenced = Failed(Outcome::kLost);
  fenced.fenced = true;
  End(fenced);
  CHECK(warnings.empty());  // once, as by whoever took a partition over
  End(fenced);
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Catch::Contains("transactional id w1"));
}

TEST_CASE_METHOD(Fixture, "input of another cluster is refused before anything of it is produced") {
  BatchInfo info = MakeInfo({10, 12});
  info.ack_endpoint = kReader;
  info.cluster_id = "one";
  producer.Produce(std::make_shared<const rk::Frame>(MakeBatch(info)));
  info.cluster_id = "two";
  const auto elsewhere = std::make_shared<const rk::Frame>(MakeBatch(info));
  CHECK_THROWS_WITH(producer.Produce(elsewhere), Catch::Contains("one") && Catch::Contains("two"));
  CHECK(client().steps == std::vector<std::string>{"open"});
}

}  // namespace rk
