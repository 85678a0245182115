// What of Infer is about several batches, and about the model's life.

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "tests/unit/infer/fake_model.h"
#include "tests/unit/infer/frames.h"

namespace rk {
namespace {

using Values = std::vector<std::string>;
using Calls = std::vector<size_t>;

constexpr Worker::Time kStart{};
const Log kSilent = [](LogLevel, std::string_view) {};

// A batch of records {"x":N} with these numbers, at offset `first` of partition 1.
Frame Batch(int64_t first, const std::vector<int>& numbers, uint32_t attempt = 0) {
  BatchInfo info;
  info.topic = "t";
  info.partition = 1;
  info.first_offset = first;
  info.next_offset = first + static_cast<int64_t>(numbers.size());
  info.attempt = attempt;
  FrameBuilder builder(info, numbers.size(), 0);
  for (size_t i = 0; i < numbers.size(); ++i) {
    const std::string value = "{\"x\":" + std::to_string(numbers[i]) + "}";
    RecordView record;
    record.offset = first + static_cast<int64_t>(i);
    record.value = value;
    builder.Add(record);
  }
  return builder.Finish();
}

InferOptions Replace(size_t max_batch = 1024) {
  InferOptions options;
  options.emit = Emit::kReplace;
  options.batching.max_batch = max_batch;
  return options;
}

TEST_CASE("batches that wait share a call, and each leaves under its own identity") {
  Fake model(Double);
  Infer infer(Warm(model, Replace()), Replace());
  model.calls.clear();
  infer.Take(Batch(10, {1, 2}), kStart);
  infer.Take(Batch(12, {}), kStart);
  infer.Take(Batch(12, {3}), kStart);
  const std::vector<Frame> done = infer.Work();
  CHECK(model.calls == Calls{3});
  REQUIRE(done.size() == 3);
  CHECK(ValuesOf(done[0]) == Values{R"({"y":2})", R"({"y":4})"});
  CHECK(done[0].info().first_offset == 10);
  CHECK(done[0].info().next_offset == 12);
  CHECK(done[1].record_count() == 0);
  CHECK(ValuesOf(done[2]) == Values{R"({"y":6})"});
  CHECK(done[2].info().first_offset == 12);
  CHECK_FALSE(infer.due());
}

TEST_CASE("a batch leaves as soon as its rows are done, though the next one is half in the call") {
  Fake model(Double);
  Infer infer(Warm(model, Replace(3)), Replace(3));
  model.calls.clear();
  infer.Take(Batch(0, {1, 2}), kStart);
  infer.Take(Batch(2, {3, 4, 5, 6}), kStart);
  CHECK(infer.full());
  const std::vector<Frame> first = infer.Work();
  REQUIRE(first.size() == 1);
  CHECK(first[0].info().next_offset == 2);
  infer.Take(Batch(6, {7}), kStart);
  const std::vector<Frame> second = infer.Work();
  REQUIRE(second.size() == 1);
  CHECK(ValuesOf(second[0]) == Values{R"({"y":6})", R"({"y":8})", R"({"y":10})", R"({"y":12})"});
  CHECK(ValuesOf(infer.Work()[0]) == Values{R"({"y":14})"});
  CHECK(model.calls == Calls{3, 3, 1});
}

TEST_CASE("a suspect shares no call with those before and after it") {
  Fake model(Double);
  Infer infer(Warm(model, Replace()), Replace());
  model.calls.clear();
  infer.Take(Batch(0, {1, 2}), kStart);
  infer.Take(Batch(2, {3}, 1), kStart);
  CHECK(infer.full());
  CHECK(infer.Work().size() == 1);
  CHECK(infer.full());
  CHECK(infer.Work().size() == 1);
  CHECK_FALSE(infer.full());
  infer.Take(Batch(3, {4, 5, 6}), kStart);
  CHECK(infer.Work().size() == 1);
  CHECK(model.calls == Calls{2, 1, 3});
}

TEST_CASE("calls are padded to the buckets, whose rows nobody sees") {
  InferOptions options = Replace();
  options.UseBuckets({8, 2, 4});
  Fake model(Double);
  Infer infer(Warm(model, options), options);
  CHECK(model.calls == Calls{2, 2, 4, 4, 8, 8});
  model.calls.clear();
  infer.Take(Batch(0, {1}), kStart);
  CHECK(ValuesOf(infer.Work()[0]) == Values{R"({"y":2})"});
  infer.Take(Batch(1, {1, 2, 3, 4, 5}), kStart);
  CHECK(infer.Work()[0].record_count() == 5);
  infer.Take(Batch(6, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}), kStart);
  CHECK(WorkOff(infer)[0].record_count() == 11);
  CHECK(model.calls == Calls{2, 8, 8, 4});
}

// Has memory for so many rows.
Fake::Function Limited(size_t most) {
  return [most](const Floats& rows) {
    if (rows[0] != 0 && rows.size() > most) {
      throw ModelFailure("out of memory", ModelFailure::Kind::kMemory);
    }
    return Double(rows);
  };
}

TEST_CASE("too little memory for a call: it is halved until there is enough") {
  Fake model(Limited(5));
  Infer infer(Warm(model, Replace(8)), Replace(8));
  model.calls.clear();
  infer.Take(Batch(0, {1, 2, 3, 4, 5, 6, 7, 8}), kStart);
  CHECK(CodesOf(infer.Work()[0]) == Values(8));
  CHECK(model.calls == Calls{8, 4, 4});

  Fake small(Limited(1));
  Infer slow(Warm(small, Replace(8)), Replace(8));
  small.calls.clear();
  slow.Take(Batch(0, {1, 2, 3, 4}), kStart);
  CHECK(CodesOf(slow.Work()[0]) == Values(4));
  CHECK(small.calls == Calls{4, 2, 1, 1, 2, 1, 1});
}

TEST_CASE("a record that alone wants too much memory fails alone") {
  Fake model([](const Floats& rows) {
    for (const float row : rows) {
      if (row == 3) throw ModelFailure("out of memory", ModelFailure::Kind::kMemory);
    }
    return Double(rows);
  });
  Infer infer(Warm(model, Replace(8)), Replace(8));
  infer.Take(Batch(0, {1, 2, 3, 4}), kStart);
  CHECK(CodesOf(infer.Work()[0]) == Values{"", "", "model-error", ""});
}

TEST_CASE("where there is no memory for the row of the warm-up either, no record is to blame") {
  bool full = false;
  Fake model([&full](const Floats& rows) {
    if (full) throw ModelFailure("out of memory", ModelFailure::Kind::kMemory);
    return Double(rows);
  });
  Infer infer(Warm(model, Replace(8)), Replace(8));
  full = true;
  infer.Take(Batch(0, {1, 2}), kStart);
  try {
    infer.Work();
    FAIL("it did not throw");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kTryAgain);
    CHECK(std::string(error.what()) == "out of memory for one row: out of memory");
  }
}

TEST_CASE("another model takes over between two calls, and the header says which it was") {
  Fake old_model(Double);
  Fake new_model([](const Floats& rows) { return rows; });
  InferOptions options = Replace(2);
  Infer infer(Warm(old_model, options, "x:f32", "m@old"), options);
  infer.Take(Batch(0, {1, 2, 3}), kStart);
  CHECK(infer.Work().empty());
  infer.Replace(Warm(new_model, options, "x:f32", "m@new"), kSilent);
  const std::vector<Frame> done = infer.Work();
  REQUIRE(done.size() == 1);
  CHECK(ValuesOf(done[0]) == Values{R"({"y":2})", R"({"y":4})", R"({"y":3})"});
  CHECK(HeadersOf(done[0], 1) == Headers{{"rk-model", "m@old"}});
  CHECK(HeadersOf(done[0], 2) == Headers{{"rk-model", "m@new"}});
}

TEST_CASE("where nothing comes another model takes over at once, and the one before is gone") {
  Fake old_model(Double);
  Fake new_model([](const Floats& rows) { return rows; });
  const InferOptions options = Replace();
  Infer infer(Warm(old_model, options), options);
  infer.Replace(Warm(new_model, options), kSilent);
  CHECK(old_model.gone == 1);
  CHECK(ValuesOf(RunOne(infer, Batch(0, {1}))) == Values{R"({"y":1})"});
}

TEST_CASE("a model that takes other inputs does not take over, and the one before serves on") {
  Fake old_model(Double);
  Fake new_model([](const Floats& rows) { return rows; });
  const InferOptions options = Replace();
  Infer infer(Warm(old_model, options), options);
  CHECK_THROWS_WITH(infer.Replace(Warm(new_model, options, "z:f32"), kSilent),
                    "the model now takes z:f32, not x:f32 as before: restart to serve it");
  CHECK(ValuesOf(RunOne(infer, Batch(0, {1}))) == Values{R"({"y":2})"});
  CHECK(new_model.gone == 1);
}

TEST_CASE("a model that gives something else takes over, and that is said once") {
  Fake old_model(Double);
  Fake new_model(Double, 2);
  const InferOptions options = Replace();
  Infer infer(Warm(old_model, options), options);
  Values said;
  const Log log = [&](LogLevel level, std::string_view text) {
    said.push_back((level == LogLevel::kWarning ? "warning: " : "") + std::string(text));
  };
  new_model.function = [](const Floats& rows) {
    Floats twice;
    for (const float row : rows) twice.insert(twice.end(), {row, row});
    return twice;
  };
  infer.Replace(Warm(new_model, options), log);
  infer.Replace(Warm(new_model, options), log);
  CHECK(said == Values{"warning: the model now gives y: f32 [B,2], not y: f32 [B,1] as before"});
  CHECK(ValuesOf(RunOne(infer, Batch(0, {1}))) == Values{R"({"y":[1,1]})"});
}

TEST_CASE("another model waits for the call under way, and serves the next one") {
  std::promise<void> begun;
  std::promise<void> go;
  Fake old_model(Double);
  Fake new_model([](const Floats& rows) { return rows; });
  const InferOptions options = Replace();
  Infer infer(Warm(old_model, options), options);
  old_model.function = [&](const Floats& rows) {
    begun.set_value();
    go.get_future().wait();
    return Double(rows);
  };
  auto other = Warm(new_model, options);
  infer.Take(Batch(0, {1}), kStart);
  auto replaced = std::async(std::launch::async, [&] {
    begun.get_future().wait();
    infer.Replace(std::move(other), kSilent);
    return old_model.gone.load();
  });
  auto waited = std::async(std::launch::async, [&] {
    const auto so_far = replaced.wait_for(std::chrono::milliseconds(20));
    go.set_value();
    return so_far == std::future_status::timeout;
  });
  CHECK(ValuesOf(infer.Work().at(0)) == Values{R"({"y":2})"});
  CHECK(waited.get());
  CHECK(replaced.get() == 1);
  CHECK(ValuesOf(RunOne(infer, Batch(1, {1}))) == Values{R"({"y":1})"});
}

TEST_CASE("with emit=tensor the outputs are columns, and a failed record's rows are zeros") {
  InferOptions options = Replace(2);
  options.emit = Emit::kTensor;
  Fake model(
      [](const Floats& rows) {
        Floats twice;
        for (const float row : rows) twice.insert(twice.end(), {row, 2 * row});
        return twice;
      },
      2);
  Infer infer(Warm(model, options), options);
  const Frame out = RunOne(infer, FrameOf({R"({"x":1})", "bad", R"({"x":2})", R"({"x":3})"}));
  CHECK(ValuesOf(out) == Values{R"({"x":1})", "bad", R"({"x":2})", R"({"x":3})"});
  CHECK(CodesOf(out) == Values{"", "invalid-json", "", ""});
  REQUIRE(out.columns().size() == 1);
  const ColumnView& column = out.columns()[0];
  CHECK(column.name == "y");
  CHECK(column.shape == std::vector<int64_t>{4, 2});
  Floats numbers(8);
  REQUIRE(column.data.size() == 8 * sizeof(float));
  column.data.copy(reinterpret_cast<char*>(numbers.data()), column.data.size());
  CHECK(numbers == Floats{1, 2, 0, 0, 2, 4, 3, 6});

  SECTION("the next model takes the column, and values are not looked at") {
    Fake next([](const Floats& rows) {
      Floats sums;
      for (size_t i = 0; i < rows.size(); i += 2) sums.push_back(rows[i] + rows[i + 1]);
      return sums;
    });
    Infer second(Warm(next, Replace(), "@y:f32[2]"), Replace());
    const Frame result = RunOne(second, out.Clone());
    CHECK(ValuesOf(result) == Values{R"({"y":3})", "bad", R"({"y":6})", R"({"y":9})"});
    CHECK(CodesOf(result)[1] == "invalid-json");
  }

  SECTION("a model that wants another column is refused with what there is") {
    Fake next([](const Floats& rows) { return Floats(rows.size() / 3); });
    Infer second(Warm(next, Replace(), "@z:f32[3]"), Replace());
    second.Take(out.Clone(), kStart);
    CHECK_THROWS_WITH(second.Work(),
                      Catch::StartsWith("a batch has no tensor column @z:f32[3]; it has: "
                                        "@y:f32[2]"));
  }

  SECTION("a model with other outputs cannot take over") {
    Fake other(Double);
    CHECK_THROWS_AS(infer.Replace(Warm(other, options), kSilent), Error);
  }
}

}  // namespace
}  // namespace rk
