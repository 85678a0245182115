#include "lib/kafka/ask_brokers.h"

#include <functional>
#include <vector>

#include <catch2/catch.hpp>

namespace rk {
namespace {

using std::chrono::milliseconds;

/// What a question was answered with, one after the other, and the time that it had each time.
struct Answers {
  rd_kafka_resp_err_t operator()(milliseconds left) {
    had.push_back(left);
    return had.size() > errors.size() ? RD_KAFKA_RESP_ERR_NO_ERROR : errors[had.size() - 1];
  }
  std::vector<rd_kafka_resp_err_t> errors;
  std::vector<milliseconds> had = {};
};

}  // namespace

TEST_CASE(
    "a question is asked again while the coordinator loads or is away, with what is left of the "
    "time") {
  Answers answers{{RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                   RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR__TRANSPORT}};
  CHECK(AskUntilAnswered(milliseconds{5000}, std::ref(answers)) == RD_KAFKA_RESP_ERR_NO_ERROR);
  REQUIRE(answers.had.size() == 4);
  CHECK(answers.had[0] == milliseconds{5000});
  CHECK(answers.had[3] <= milliseconds{4700});
}

TEST_CASE("an error that does not pass is the answer") {
  Answers answers{{RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED}};
  CHECK(AskUntilAnswered(milliseconds{5000}, std::ref(answers)) ==
        RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
  CHECK(answers.had.size() == 1);
}

TEST_CASE("an error that would pass is the answer when the time is up") {
  Answers answers{std::vector(50, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)};
  CHECK(AskUntilAnswered(milliseconds{350}, std::ref(answers)) ==
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
  CHECK(answers.had.size() <= 4);
  CHECK(answers.had.back() < milliseconds{350});
}

}  // namespace rk
