#include "lib/kafka/dead_letter.h"

#include <catch2/catch.hpp>

TEST_CASE("a dead letter says where its record was read and why it failed, as Kafka Connect does") {
  rk::BatchInfo batch;
  batch.topic = "applications";
  batch.partition = 3;
  rk::RecordView record;
  record.offset = 9'876'543'210;
  const std::vector<std::pair<std::string, std::string>> expected{
      {"__connect.errors.topic", "applications"},
      {"__connect.errors.partition", "3"},
      {"__connect.errors.offset", "9876543210"},
      {"__connect.errors.stage", "rk-infer"},
      {"__connect.errors.exception.class.name", "missing-field"},
      {"__connect.errors.exception.message", "no field 'age'"}};
  CHECK(rk::DeadLetterHeaders(batch, record, {"rk-infer", "missing-field", "no field 'age'"}) ==
        expected);
}
