#include "lib/write/writer_topics.h"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/kafka/mock_broker.h"

namespace rk {
namespace {

const Log kNoLog = [](LogLevel, std::string_view) {};

/// A broker with the topics out, of 3 partitions, and out.dlq, of 2.
struct Fixture {
  Fixture() {
    broker.CreateTopic("out", 3);
    broker.CreateTopic("out.dlq", 2);
  }

  void Check(const std::string& output, const Placement& placement = {}) {
    CheckTopics(client, output, "out.dlq", placement, DeadLetterTopic::kAtStart, kNoLog);
  }
  Producer::Options Prepare(DeadLetterTopic when) {
    return PrepareTopics(client, "out", "out.dlq", {}, when, kNoLog);
  }

  MockBroker broker{kNoLog};
  ClientSettings client{broker.address(), {}};
};

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "an output topic that is not there is missing, and how to make it is said") {
  CHECK_NOTHROW(Check("out"));
  try {
    Check("elsewhere");
    FAIL("it is taken");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kMissing);
    CHECK_THAT(error.what(), Catch::Contains("topic elsewhere does not exist") &&
                                 Catch::Contains("--create --topic elsewhere"));
  }
}

TEST_CASE_METHOD(Fixture, "a fixed partition that the output lacks is missing, with those it has") {
  Placement placement;
  placement.by = Placement::By::kFixed;
  placement.fixed = 2;
  CHECK_NOTHROW(Check("out", placement));
  placement.fixed = 3;
  CHECK_THROWS_WITH(Check("out", placement), "topic out has no partition 3: it has 0 to 2");
}

TEST_CASE_METHOD(Fixture, "settings that a producer would refuse are refused before all else") {
  client.properties.push_back({"acks", "1"});
  for (const bool prepare : {false, true}) {
    try {
      prepare ? (void)Prepare(DeadLetterTopic::kAtStart) : Check("out");
      FAIL("they are taken");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::kConfiguration);
    }
  }
}

TEST_CASE_METHOD(Fixture, "a producer is told how many partitions its topics have") {
  const auto options = Prepare(DeadLetterTopic::kAtStart);
  CHECK(options.output.partitions == 3);
  CHECK(options.dead_letters.partitions == 2);
  CHECK_FALSE(options.make_dead_letters);
}

TEST_CASE_METHOD(Fixture,
                 "dead letters that may never come have their topic looked for when they do") {
  const auto options = Prepare(DeadLetterTopic::kWhenNeeded);
  CHECK(options.dead_letters.partitions == 0);
  REQUIRE(options.make_dead_letters);
  CHECK(options.make_dead_letters() == 2);
}

}  // namespace rk
