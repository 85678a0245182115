// What the brokers are asked before anything is read.
#include "lib/read/reader_topics.h"

#include <optional>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/kafka/mock_broker.h"
#include "lib/read/open_reader.h"

namespace rk {
namespace {

const Log kNoLog = [](LogLevel, std::string_view) {};
using Found = std::vector<TopicPartition>;

/// A broker with the topics a, of 2 partitions, and ab, of 1.
struct Fixture {
  Fixture() {
    broker.CreateTopic("a", 2);
    broker.CreateTopic("ab", 1);
    options.client.brokers = broker.address();
    options.topics = {"a"};
  }

  MockBroker broker{kNoLog};
  ReaderOptions options;
};

const Found kAll = {{"a", 0}, {"a", 1}, {"a", 2}, {"b", 0}};

}  // namespace

TEST_CASE("fixed partitions are those of each topic, and none named is all") {
  ReaderOptions options;
  CHECK(FixedPartitions(options, kAll) == kAll);
  options.partitions.emplace();
  CHECK(FixedPartitions(options, kAll) == kAll);
  options.partitions = {0};
  CHECK(FixedPartitions(options, kAll) == Found{{"a", 0}, {"b", 0}});
}

TEST_CASE("a fixed partition that a topic lacks is missing, with those it has") {
  ReaderOptions options;
  options.partitions = {2};
  CHECK(FixedPartitions(options, {{"a", 0}, {"a", 1}, {"a", 2}}) == Found{{"a", 2}});
  options.partitions = {3};
  CHECK_THROWS_WITH(FixedPartitions(options, {{"a", 0}, {"a", 1}, {"a", 2}}),
                    "topic a has no partition 3: it has 0 to 2");
}

#ifndef __SANITIZE_THREAD__  // which, in GCC 12, does not know librdkafka's threads
TEST_CASE_METHOD(Fixture, "topics are found by name and by pattern") {
  CHECK(FindTopics(options, kNoLog).partitions == Found{{"a", 0}, {"a", 1}});
  options.topics = {"^a.*"};
  CHECK(FindTopics(options, kNoLog).partitions == Found{{"a", 0}, {"a", 1}, {"ab", 0}});
}

TEST_CASE_METHOD(Fixture, "a topic that is not there is missing, and so is what no topic matches") {
  options.topics = {"a", "elsewhere"};
  CHECK_THROWS_WITH(FindTopics(options, kNoLog),
                    Catch::Contains("topic elsewhere does not exist: is the name right?"));
  options.topics = {"^x.*", "^y.*"};
  CHECK_THROWS_WITH(FindTopics(options, kNoLog),
                    "no topic matches ^x.* or ^y.*: is the pattern right?");
}

TEST_CASE_METHOD(Fixture, "a check finds what a start would miss") {
  CHECK_NOTHROW(CheckReader(options, kNoLog));
  options.partitions = {2};
  CHECK_THROWS_WITH(CheckReader(options, kNoLog), "topic a has no partition 2: it has 0 to 1");
}

TEST_CASE_METHOD(Fixture, "a group's offsets are set in each partition without reading") {
  options.group = "credit";
  options.start = {StartOffset::Kind::kAbsolute, 17};
  SetGroupOffsets(options, kNoLog);
  const auto consumer = MakeConsumer({options.client, options.group, "", 2}, kNoLog);
  const std::vector<std::optional<Consumer::StoredOffset>> both(2,
                                                                Consumer::StoredOffset{17, true});
  CHECK(consumer->Stored({{"a", 0}, {"a", 1}}) == both);
}
#endif

}  // namespace rk
