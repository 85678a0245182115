// What the examples' models give behind rk-infer, and what LibTorch gives that is called directly,
// with nothing of ours before it. (credit and service have their answers from PyTorch:
// expected.ndjson.)

#include <torch/script.h>

#include "lib/infer/load.h"

// LibTorch's CHECK ends the process; the tests mean Catch2's.
#undef CHECK

#include <cstdlib>
#include <fstream>
#include <functional>

#include <catch2/catch.hpp>
#include <simdjson.h>

#include "lib/codec/json/tensor_text.h"
#include "tests/unit/infer/frames.h"

namespace rk {
namespace {

using Values = std::vector<std::string>;
using Direct = std::function<std::string(const std::string& record)>;

std::string Example(const std::string& file) {
  return std::string(std::getenv("RK_SOURCE_DIR")) + "/examples/" + file;
}

std::vector<std::optional<std::string>> Lines(const std::string& file) {
  std::ifstream stream(Example(file));
  std::vector<std::optional<std::string>> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  REQUIRE(lines.size() == 500);
  return lines;
}

// A call's one row: the numbers of a record's array.
template <typename T>
at::Tensor Row(const std::string& record, const std::string& pointer) {
  simdjson::dom::parser parser;
  const simdjson::dom::array numbers = parser.parse(record).at_pointer(pointer);
  std::vector<T> row;
  for (const double number : numbers) row.push_back(static_cast<T>(number));
  return torch::tensor(row).unsqueeze(0);
}

std::string Json(const at::Tensor& row) {
  const at::Tensor kept = row.contiguous();
  std::string json;
  REQUIRE(AppendTensor(kept.scalar_type() == at::kLong ? Dtype::kI64 : Dtype::kF32, kept.sizes(),
                       static_cast<const char*>(kept.const_data_ptr()), json));
  return json;
}

Values Served(const std::string& model, const std::vector<std::optional<std::string>>& records,
              size_t rows_a_call) {
  ModelOptions options;
  options.file = Example(model);
  InferOptions infer_options;
  infer_options.emit = Emit::kReplace;
  infer_options.batching.max_batch = rows_a_call;
  Infer infer(
      LoadWarmModel(*rk_backend(), options, infer_options, [](LogLevel, std::string_view) {}),
      infer_options);
  return ValuesOf(RunOne(infer, FrameOf(records)));
}

// All that are in an answer, in order.
std::vector<double> NumbersOf(const std::string& json) {
  simdjson::dom::parser parser;
  const simdjson::dom::object answer = parser.parse(json);
  std::vector<double> numbers;
  for (const auto& [key, value] : answer) {
    if (value.is_array()) {
      for (const double number : simdjson::dom::array(value)) numbers.push_back(number);
    } else {
      numbers.push_back(double{value});
    }
  }
  return numbers;
}

void CheckAnswers(const std::string& model, const std::string& file, const Direct& direct) {
  const auto records = Lines(file);
  const Values alone = Served(model, records, 1);
  const Values together = Served(model, records, 64);
  for (size_t i = 0; i < records.size(); ++i) {
    const std::string expected = direct(*records[i]);
    CHECK(alone[i] == expected);
    CAPTURE(together[i]);
    CHECK_THAT(NumbersOf(together[i]),
               Catch::Matchers::Approx(NumbersOf(expected)).margin(1e-5).epsilon(0));
  }
}

TEST_CASE("a model cut in two answers, as a whole, as LibTorch does: one row bit for bit") {
  torch::jit::Module module = torch::jit::load(Example("two-part/whole.pt"));
  CheckAnswers("two-part/whole.pt", "two-part/records.ndjson", [&](const std::string& record) {
    const at::Tensor score = module.forward({Row<float>(record, "/features")}).toTensor();
    return "{\"score\":" + Json(score) + "}";
  });
}

TEST_CASE("the recommender answers as LibTorch does: one row bit for bit") {
  torch::jit::Module module = torch::jit::load(Example("recommend/recommend.pt"));
  CheckAnswers("recommend/recommend.pt", "recommend/heldout.ndjson", [&](const std::string& event) {
    const auto result =
        module
            .forward({Row<int64_t>(event, "/recent/items"), Row<int64_t>(event, "/recent/actions")})
            .toGenericDict();
    return "{\"recommended\":" + Json(result.at("recommended").toTensor()[0]) +
           ",\"scores\":" + Json(result.at("scores").toTensor()[0]) + "}";
  });
}

}  // namespace
}  // namespace rk
