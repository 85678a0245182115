#include "lib/infer/outputs.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"

namespace rk {
namespace {

const int64_t kInts[] = {1, 2, 3, 4};
const std::string_view kBytes(reinterpret_cast<const char*>(kInts), sizeof(kInts));

ModelValue Tensor(std::string_view name, Dtype dtype, std::vector<int64_t> shape,
                  std::string_view data) {
  return {{name, dtype, std::move(shape), data}, std::nullopt};
}

const std::vector<ModelValue> kTuple = {Tensor("", Dtype::kI64, {2}, kBytes.substr(0, 16)),
                                        Tensor("", Dtype::kI64, {2, 2}, kBytes)};
const std::vector<ModelValue> kDict = {Tensor("b", Dtype::kI64, {2}, kBytes.substr(0, 16)),
                                       Tensor("a", Dtype::kI64, {2, 2}, kBytes)};

Signature Named(const std::vector<std::string>& outputs,
                const std::vector<std::string>& labels = {}) {
  Signature signature;
  for (const std::string& output : outputs) signature.outputs.push_back(ParseOutput(output));
  signature.labels = labels;
  return signature;
}

std::string Row(const Signature& signature, std::span<const ModelValue> returned, size_t row,
                size_t rows = 2) {
  Outputs outputs(signature, Emit::kReplace, returned);
  outputs.Take(returned, rows);
  std::string value;
  REQUIRE_FALSE(outputs.Write(row, "", {}, value));
  return value;
}

TEST_CASE("outputs without names are called output, output0 and so on, or by the dict's keys") {
  CHECK(Row({}, std::span(kTuple).first(1), 1) == R"({"output":2})");
  CHECK(Row({}, kTuple, 0) == R"({"output0":1,"output1":[1,2]})");
  CHECK(Row({}, kDict, 1) == R"({"b":2,"a":[3,4]})");
}

TEST_CASE(
    "an output whose elements have names is an object of them, and picked from as any other") {
  std::vector<ModelValue> keyed = {Tensor("odds", Dtype::kI64, {2, 2}, kBytes)};
  keyed[0].keys = {"no", "y\"es"};
  CHECK(Row({}, keyed, 1) == R"({"odds":{"no":3,"y\"es":4}})");
  CHECK(Row(Named({"odds:argmax"}), keyed, 1) == R"({"odds":1})");
}

TEST_CASE("names name a tuple's outputs in order and choose a dict's by key") {
  CHECK(Row(Named({"p", "q\""}), kTuple, 0) == R"({"p":1,"q\"":[1,2]})");
  CHECK(Row(Named({"a"}), kDict, 0) == R"({"a":[1,2]})");
  CHECK(Row(Named({"a", "b"}), kDict, 0) == R"({"a":[1,2],"b":1})");
}

TEST_CASE("a column is a number of each row, or what is left of its shape") {
  CHECK(Row(Named({"a[:,1]"}), kDict, 1) == R"({"a":4})");
  CHECK(Row(Named({"p", "q[:,-2]"}), kTuple, 1) == R"({"p":2,"q":3})");
  const std::vector<ModelValue> deep = {Tensor("", Dtype::kI64, {1, 2, 2}, kBytes)};
  CHECK(Row(Named({"d[:,1]"}), deep, 0, 1) == R"({"d":[3,4]})");
  CHECK(Row(Named({"d[:,0,1]"}), deep, 0, 1) == R"({"d":2})");
  CHECK(Row(Named({"d[:,1]:argmax"}, {"no", "yes"}), deep, 0, 1) == R"({"d":"yes"})");
}

TEST_CASE("a column that an output does not have is refused") {
  for (const char* spec : {"a[:,2]", "a[:,-3]", "a[:,0,0]", "b[:,0]"}) {
    CAPTURE(spec);
    CHECK_THROWS_AS(Row(Named({spec}), kDict, 0), Error);
  }
  CHECK_THROWS_WITH(Row(Named({"a[:,1,3]"}), kDict, 0),
                    "output \"a\" has rows of the shape [2], and no column [:,1,3]");
}

TEST_CASE("names that do not fit what the model returns are refused with what there is") {
  CHECK_THROWS_WITH(Row(Named({"p"}), kTuple, 0),
                    "the model returns 2 outputs, but 1 are named: p");
  CHECK_THROWS_WITH(Row(Named({"a", "c"}), kDict, 0),
                    "the model has no output \"c\"; its outputs are: b, a");
  CHECK_THROWS_AS(Outputs({}, Emit::kMerge, std::nullopt), Error);
}

TEST_CASE("an output without a row for each row is refused") {
  Outputs outputs({}, Emit::kMerge, kTuple);
  CHECK_THROWS_WITH(outputs.Take(kTuple, 3),
                    "output \"output0\" of the model has the shape [2] for 3 rows in: its first "
                    "dimension must be the batch");
}

TEST_CASE("argmax is the place of the largest number or its label, of equal ones the first") {
  CHECK(Row(Named({"b", "a:argmax"}), kDict, 1) == R"({"b":2,"a":1})");
  CHECK(Row(Named({"a:argmax"}, {"no", "y\"es"}), kDict, 0) == R"({"a":"y\"es"})");
  const float floats[] = {0.5F, -1, 0.5F, 0};
  const std::vector<ModelValue> scores = {
      Tensor("", Dtype::kF32, {1, 4}, {reinterpret_cast<const char*>(floats), sizeof(floats)})};
  CHECK(Row(Named({"s:argmax"}), scores, 0, 1) == R"({"s":0})");
  CHECK(Row(Named({"s:topk=3"}), scores, 0, 1) ==
        R"({"s":[{"index":0,"score":0.5},{"index":2,"score":0.5},{"index":3,"score":0}]})");
  CHECK(Row(Named({"s:topk=9"}, {"a", "b", "c", "d"}), scores, 0, 1) ==
        R"({"s":[{"label":"a","score":0.5},{"label":"c","score":0.5},)"
        R"({"label":"d","score":0},{"label":"b","score":-1}]})");
}

TEST_CASE("what cannot be picked from is refused with the reason") {
  CHECK_THROWS_WITH(Row(Named({"a:argmax"}, {"one"}), kDict, 0),
                    "there are 1 labels for the 2 numbers of output \"a\"");
  Outputs tensors(Named({"a:topk=1"}), Emit::kTensor, kDict);
  CHECK_THROWS_WITH(tensors.Take(kDict, 2),
                    "output \"a\" becomes a whole tensor column: argmax and topk do not apply");
}

TEST_CASE("a list of strings is a string a row, and no tensor column") {
  ModelValue strings;
  strings.tensor.shape = {2};
  strings.strings = {"p\"q", ""};
  const std::vector<ModelValue> returned = {strings};
  CHECK(Row({}, returned, 0) == R"({"output":"p\"q"})");
  CHECK(Row({}, returned, 1) == R"({"output":""})");
  strings.strings = {"\xe4\xbd", "ok"};
  const std::vector<ModelValue> cut = {strings};
  CHECK(Row({}, cut, 0) == R"({"output":{"base64":"5L0="}})");
  Outputs tensors({}, Emit::kTensor, returned);
  CHECK_THROWS_WITH(
      tensors.Take(returned, 2),
      "output \"output\" of the model consists of strings, which cannot be a tensor column");
  Outputs picked(Named({"s:argmax"}), Emit::kMerge, returned);
  CHECK_THROWS_WITH(picked.Take(returned, 2), "output \"s\" has no numbers to pick from");
}

}  // namespace
}  // namespace rk
