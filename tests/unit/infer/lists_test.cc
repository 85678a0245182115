#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/batch/buffer.h"
#include "tests/unit/infer/fake_model.h"
#include "tests/unit/infer/frames.h"

namespace rk {
namespace {

std::vector<Input> InputsOf(const std::vector<std::string>& specs) {
  return MakeSignature(specs, {}, "").inputs;
}

void Add(Rows& rows, const std::string& json) {
  Buffer value;
  value.Append(json);
  REQUIRE_FALSE(rows.Add(0, value.view()));
}

template <typename T>
std::vector<T> NumbersOf(const ModelValue& value) {
  std::vector<T> numbers(value.tensor.data.size() / sizeof(T));
  value.tensor.data.copy(reinterpret_cast<char*>(numbers.data()), value.tensor.data.size());
  return numbers;
}

TEST_CASE("lists are padded with zeros to the longest of the call, and so is their shape") {
  Rows rows(InputsOf({"t:i64[*]", "#t:i32"}), {});
  for (const char* json : {R"({"t":[1,2,3]})", R"({"t":[4]})", R"({"t":[]})", R"({"t":[5,6]})"}) {
    Add(rows, json);
  }
  const auto all = rows.Inputs(0, 4, 4);
  CHECK(all[0].tensor.shape == std::vector<int64_t>{4, 3});
  CHECK(NumbersOf<int64_t>(all[0]) == std::vector<int64_t>{1, 2, 3, 4, 0, 0, 0, 0, 0, 5, 6, 0});
  CHECK(all[1].tensor.shape == std::vector<int64_t>{4});
  CHECK(NumbersOf<int32_t>(all[1]) == std::vector<int32_t>{3, 1, 0, 2});
  const auto some = rows.Inputs(1, 4, 5);
  CHECK(some[0].tensor.shape == std::vector<int64_t>{5, 2});
  CHECK(NumbersOf<int64_t>(some[0]) == std::vector<int64_t>{4, 0, 0, 0, 5, 6, 5, 6, 5, 6});
  CHECK(rows.Inputs(2, 3, 1)[0].tensor.shape == std::vector<int64_t>{1, 1});
  CHECK(rows.Inputs(0, 1, 1)[0].tensor.shape == std::vector<int64_t>{1, 3});
}

TEST_CASE("a row of a list does not keep what a longer one before it had") {
  Rows rows(InputsOf({"t:f32[*]"}), {});
  Add(rows, R"({"t":[1,2,3]})");
  rows.Clear();
  Add(rows, R"({"t":[4]})");
  Add(rows, R"({"t":[5,6]})");
  CHECK(NumbersOf<float>(rows.Inputs(0, 2, 2)[0]) == Floats{4, 0, 5, 6});
}

TEST_CASE("made-up lists have the length that goes with them, whatever they are filled with") {
  for (const Rows::Filling filling : {Rows::Filling::kZeros, Rows::Filling::kOnes}) {
    Rows rows(InputsOf({"t:i64[*]", "#t:i64"}), {});
    rows.AddMadeUp(2, filling);
    const auto inputs = rows.Inputs(0, 2, 2);
    const auto length = static_cast<int64_t>(Rows::kMadeUpLength);
    CHECK(inputs[0].tensor.shape == std::vector<int64_t>{2, length});
    CHECK(NumbersOf<int64_t>(inputs[1]) == std::vector<int64_t>{length, length});
    CHECK(NumbersOf<int64_t>(inputs[0])[0] == (filling == Rows::Filling::kOnes ? 1 : 0));
  }
}

// A record with a list of ones.
std::string List(size_t length) {
  std::string json = "{\"t\":[1";
  for (size_t i = 1; i < length; ++i) json += ",1";
  return json + "]}";
}

TEST_CASE("a call is cut where padding one long list's neighbours would take too much") {
  Rows rows(InputsOf({"t:f64[*]"}), {});
  const size_t long_length = 3'000'000;  // 24 MB
  for (int i = 0; i < 3; ++i) Add(rows, List(1));
  CHECK_FALSE(rows.TooLong(0, 3));
  Add(rows, List(long_length));
  CHECK(rows.TooLong(0, 4));
  CHECK(rows.TooLong(1, 4));
  CHECK_FALSE(rows.TooLong(2, 4));
}

TEST_CASE("rows that are too long together go to the model in several calls") {
  std::vector<std::pair<int64_t, int64_t>> shapes;
  class Widths : public Model {
   public:
    explicit Widths(std::vector<std::pair<int64_t, int64_t>>& shapes) : shapes_(shapes) {}
    std::string signature() const override { return ""; }
    std::span<const ModelValue> Run(std::span<const ModelValue> inputs) override {
      const auto& shape = inputs[0].tensor.shape;
      shapes_.emplace_back(shape[0], shape[1]);
      widths_.assign(static_cast<size_t>(shape[0]), shape[1]);
      value_.tensor = {"",
                       Dtype::kI64,
                       {shape[0]},
                       {reinterpret_cast<const char*>(widths_.data()), 8 * widths_.size()}};
      return {&value_, 1};
    }

   private:
    std::vector<std::pair<int64_t, int64_t>>& shapes_;
    std::vector<int64_t> widths_;
    ModelValue value_;
  };
  InferOptions options;
  options.emit = Emit::kReplace;
  Infer infer(std::make_unique<WarmModel>(std::make_unique<Widths>(shapes),
                                          MakeSignature({"t:f64[*]"}, {"w"}, ""), options, "m@1",
                                          [](LogLevel, std::string_view) {}),
              options);
  shapes.clear();
  const Frame done = RunOne(infer, FrameOf({List(2), List(1), List(3'000'000), R"({"t":[]})"}));
  CHECK(ValuesOf(done) == std::vector<std::string>{R"({"w":2})", R"({"w":2})", R"({"w":3000000})",
                                                   R"({"w":3000000})"});
  using Shapes = std::vector<std::pair<int64_t, int64_t>>;
  CHECK(shapes == Shapes{{2, 2}, {2, 3'000'000}});
}

}  // namespace
}  // namespace rk
