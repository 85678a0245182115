#include <catch2/catch.hpp>

#include "lib/kafka/handle.h"

using rk::ErrorKind;
using rk::KindOf;

TEST_CASE("librdkafka's errors have the kinds that decide the exit status") {
  CHECK(KindOf(RD_KAFKA_RESP_ERR__AUTHENTICATION) == ErrorKind::kNotAuthorised);
  CHECK(KindOf(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) == ErrorKind::kNotAuthorised);
  CHECK(KindOf(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) == ErrorKind::kNotAuthorised);
  CHECK(KindOf(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) == ErrorKind::kMissing);
  CHECK(KindOf(RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) == ErrorKind::kConfiguration);
  CHECK(KindOf(RD_KAFKA_RESP_ERR__FENCED) == ErrorKind::kTryAgain);
  CHECK(KindOf(RD_KAFKA_RESP_ERR__TRANSPORT) == ErrorKind::kUnavailable);
  CHECK(KindOf(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) == ErrorKind::kUnavailable);
}

TEST_CASE("without a complaint the brokers are unavailable, and the message says what to look at") {
  const rk::Error error = rk::LastClientError().MakeError("cannot ask");
  CHECK(error.kind() == ErrorKind::kUnavailable);
  CHECK_THAT(error.what(), Catch::StartsWith("cannot ask (is the address right"));
}
