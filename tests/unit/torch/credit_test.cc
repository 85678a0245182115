#include <cstdlib>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "lib/infer/infer.h"
#include "lib/infer/load.h"
#include "tests/unit/infer/frames.h"

namespace rk {
namespace {

std::vector<std::optional<std::string>> Lines(const std::string& name) {
  std::ifstream file(std::string(std::getenv("RK_SOURCE_DIR")) + "/examples/credit/" + name);
  std::vector<std::optional<std::string>> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  REQUIRE(lines.size() > 100);
  return lines;
}

// The text of a member's value, in an answer without nested values.
std::string Member(const std::string& json, const std::string& name) {
  const std::string key = "\"" + name + "\":";
  size_t begin = json.find(key);
  REQUIRE(begin != std::string::npos);
  begin = json.find_first_not_of(' ', begin + key.size());
  return json.substr(begin, json.find_first_of(",}", begin) - begin);
}

void CheckAnswers(size_t rows_a_call, double margin) {
  ModelOptions model;
  model.file = std::string(std::getenv("RK_SOURCE_DIR")) + "/examples/credit/credit.pt";
  InferOptions options;
  options.batching.max_batch = rows_a_call;
  Infer infer(LoadWarmModel(*rk_backend(), model, options, [](LogLevel, std::string_view) {}),
              options);
  const auto expected = Lines("expected.ndjson");
  const std::vector<std::string> answers =
      ValuesOf(RunOne(infer, FrameOf(Lines("heldout.ndjson"))));
  REQUIRE(answers.size() == expected.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    CAPTURE(answers[i]);
    CHECK(Member(answers[i], "id") == Member(*expected[i], "id"));
    CHECK(std::abs(std::stof(Member(answers[i], "probability")) -
                   std::stof(Member(*expected[i], "probability"))) <= margin);
    CHECK(std::stof(Member(answers[i], "limit")) == std::stof(Member(*expected[i], "limit")));
    CHECK(Member(answers[i], "approve") == Member(*expected[i], "approve"));
  }
}

TEST_CASE("the credit model's answers one by one are its own in PyTorch, bit for bit") {
  CheckAnswers(1, 0);
}

TEST_CASE("the credit model's answers in batches are its own within 1e-5") {
  CheckAnswers(64, 1e-5);
}

}  // namespace
}  // namespace rk
