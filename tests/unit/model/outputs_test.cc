#include "lib/model/outputs.h"

#include <catch2/catch.hpp>

#include "lib/batch/error.h"

namespace rk {
namespace {

const int64_t kInts[] = {1, 2, 3, 4};
const std::string_view kBytes(reinterpret_cast<const char*>(kInts), sizeof(kInts));

const std::vector<ColumnView> kTuple = {{"", Dtype::kI64, {2}, kBytes.substr(0, 16)},
                                        {"", Dtype::kI64, {2, 2}, kBytes}};
const std::vector<ColumnView> kDict = {{"b", Dtype::kI64, {2}, kBytes.substr(0, 16)},
                                       {"a", Dtype::kI64, {2, 2}, kBytes}};

std::string Row(const std::vector<std::string>& names, std::span<const ColumnView> returned,
                size_t row) {
  Outputs outputs(names, returned);
  outputs.Take(returned, 2);
  std::string value;
  REQUIRE_FALSE(outputs.Write(row, Emit::kReplace, "", {}, value));
  return value;
}

TEST_CASE("outputs without names are called output, output0 and so on, or by the dict's keys") {
  CHECK(Row({}, std::span(kTuple).first(1), 1) == R"({"output":2})");
  CHECK(Row({}, kTuple, 0) == R"({"output0":1,"output1":[1,2]})");
  CHECK(Row({}, kDict, 1) == R"({"b":2,"a":[3,4]})");
}

TEST_CASE("names name a tuple's outputs in order and choose a dict's by key") {
  CHECK(Row({"p", "q\""}, kTuple, 0) == R"({"p":1,"q\"":[1,2]})");
  CHECK(Row({"a"}, kDict, 0) == R"({"a":[1,2]})");
  CHECK(Row({"a", "b"}, kDict, 0) == R"({"a":[1,2],"b":1})");
}

TEST_CASE("names that do not fit what the model returns are refused with what there is") {
  CHECK_THROWS_WITH(Row({"p"}, kTuple, 0), "the model returns 2 outputs, but 1 are named: p");
  CHECK_THROWS_WITH(Row({"a", "c"}, kDict, 0),
                    "the model has no output \"c\"; its outputs are: b, a");
  CHECK_THROWS_AS(Outputs({}, std::nullopt), Error);
}

TEST_CASE("an output without a row for each row is refused") {
  Outputs outputs({}, kTuple);
  CHECK_THROWS_WITH(outputs.Take(kTuple, 3),
                    "output \"output0\" of the model has the shape [2] for 3 rows in: its first "
                    "dimension must be the rows'");
}

}  // namespace
}  // namespace rk
