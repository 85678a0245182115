#include <string>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/kafka/rdkafka_producer_client.h"

using rk::AfterRejection;
using rk::ClientSettings;
using rk::Error;
using rk::ErrorKind;
using rk::MakeProducerConf;

namespace {

std::string ValueOf(const rd_kafka_conf_t* conf, const char* name) {
  char value[512];
  size_t size = sizeof(value);
  REQUIRE(rd_kafka_conf_get(conf, name, value, &size) == RD_KAFKA_CONF_OK);
  return value;
}

ClientSettings With(const std::string& name, const std::string& value) {
  return {"localhost:9092", {{name, value}}};
}

}  // namespace

TEST_CASE("a property that would break a guarantee of the writer is refused by name") {
  for (const auto& [name, value] :
       {rk::Property{"acks", "1"}, rk::Property{"enable.idempotence", "false"},
        rk::Property{"message.timeout.ms", "30000"}, rk::Property{"retries", "3"},
        rk::Property{"queue.buffering.max.messages", "10"},
        rk::Property{"transactional.id", "t"}}) {
    INFO(name);
    try {
      MakeProducerConf(With(name, value), 1'000, AfterRejection::kStop);
      FAIL("it is taken");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::kConfiguration);
      CHECK_THAT(error.what(), Catch::Contains(name));
    }
  }
}

TEST_CASE("the same properties with the values that the writer needs are taken") {
  for (const auto& [name, value] :
       {rk::Property{"acks", "-1"}, rk::Property{"acks", "all"},
        rk::Property{"enable.idempotence", "true"}, rk::Property{"message.timeout.ms", "0"}}) {
    INFO(name);
    CHECK(MakeProducerConf(With(name, value), 1'000, AfterRejection::kStop));
  }
}

TEST_CASE("the user's settings go above the writer's defaults") {
  const rk::ConfPtr usual = MakeProducerConf({"h:1", {}}, 1'048'588, AfterRejection::kStop);
  CHECK(ValueOf(usual.get(), "linger.ms") == "0");
  CHECK(ValueOf(usual.get(), "batch.size") == "1000000");
  CHECK(ValueOf(usual.get(), "bootstrap.servers") == "h:1");
  const rk::ConfPtr other =
      MakeProducerConf(With("linger.ms", "7"), 500, AfterRejection::kContinue);
  CHECK(ValueOf(other.get(), "linger.ms") == "7");
  CHECK(ValueOf(other.get(), "batch.size") == "500");
}

TEST_CASE("only the client that pipelines ends with a refused record") {
  const rk::ConfPtr swift = MakeProducerConf({"h:1", {}}, 1'000, AfterRejection::kStop);
  CHECK(ValueOf(swift.get(), "enable.gapless.guarantee") == "true");
  const rk::ConfPtr careful = MakeProducerConf({"h:1", {}}, 1'000, AfterRejection::kContinue);
  CHECK(ValueOf(careful.get(), "enable.gapless.guarantee") == "false");
}
