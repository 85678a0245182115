#include "lib/infer/infer.h"

#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "tests/unit/infer/fake_model.h"
#include "tests/unit/infer/frames.h"

namespace rk {
namespace {

Infer Make(Fake& fake, const InferOptions& options = {}, const std::string& spec = "x:f32") {
  return Infer(Warm(fake, options, spec), options);
}

InferOptions Options(Emit emit, size_t max_batch) {
  InferOptions options;
  options.emit = emit;
  options.batching.max_batch = max_batch;
  return options;
}

TEST_CASE("every record gets its own row's output and keeps all else") {
  Fake model(Double);
  Infer infer = Make(model);
  const Frame in = FrameOf({R"({"x":1})", R"({"x":2.5, "z":[1, 2]})", R"({"y":0,"x":-3})"});
  const Frame out = RunOne(infer, in.Clone());
  CHECK(ValuesOf(out) == std::vector<std::string>{R"({"x":1,"y":2})",
                                                  R"({"x":2.5, "z":[1, 2],"y":5})",
                                                  R"({"y":-6,"x":-3})"});
  CHECK(out.info().topic == "t");
  CHECK(out.info().first_offset == 100);
  CHECK(out.info().next_offset == 103);
  CHECK(out.info().epoch == 7);
  CHECK(out.info().floor == 90);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(out.record(i).key == in.record(i).key);
    CHECK(HeadersOf(out, i) == Headers{{"trace", "abc"}, {"rk-model", "m@1"}});
    CHECK(out.record(i).offset == in.record(i).offset);
    CHECK(out.record(i).timestamp_ms == in.record(i).timestamp_ms);
    CHECK(out.record(i).timestamp_type == in.record(i).timestamp_type);
  }
}

TEST_CASE("with emit=replace the value is an object of the outputs") {
  Fake model(Double);
  Infer infer = Make(model, Options(Emit::kReplace, 1024));
  CHECK(ValuesOf(RunOne(infer, FrameOf({R"({"x":1})", R"({"y":1,"x":2,"y":2})"}))) ==
        std::vector<std::string>{R"({"y":2})", R"({"y":4})"});
}

TEST_CASE("what is dropped is not in the merged value, and is read all the same") {
  Fake fake(Double);
  InferOptions options;
  options.dropped = {"x", "user.mail", "not.there"};
  Infer infer(Warm(fake, options), options);
  const Frame done =
      RunOne(infer, FrameOf({R"({"x":1, "user":{"id":7,"mail":"m"},"b":1.50})",
                             R"({"x":2,"y":"old"})", R"({"x":"bad","user":{"mail":"m"}})"}));
  CHECK(ValuesOf(done) == std::vector<std::string>{R"({ "user":{"id":7},"b":1.50,"y":2})",
                                                   R"({"y":4})",
                                                   R"({"x":"bad","user":{"mail":"m"}})"});
  CHECK(CodesOf(done) == std::vector<std::string>{"", "", "wrong-type"});
}

TEST_CASE("what cannot be dropped is refused") {
  Fake fake(Double);
  InferOptions options;
  options.dropped = {"y"};
  CHECK_THROWS_WITH(Warm(fake, options), "--drop y: an output has that name, and takes its place");
  options.dropped = {"x..y"};
  CHECK_THROWS_AS(Warm(fake, options), Error);
  options.dropped = {"x"};
  options.emit = Emit::kReplace;
  CHECK_THROWS_WITH(Warm(fake, options), Catch::Contains("--emit merge"));
}

TEST_CASE("a number that is missing or null goes to the model as NaN where the input says so") {
  Fake fake([](const Floats& rows) {
    Floats missing;
    for (const float row : rows) missing.push_back(std::isnan(row) ? 1 : 0);
    return missing;
  });
  Infer infer(Warm(fake, {}, "x?:f32"), {});
  const Frame done = RunOne(infer, FrameOf({"{}", R"({"x":null})", R"({"x":0})", R"({"x":true})"}));
  CHECK(ValuesOf(done) == std::vector<std::string>{R"({"y":1})", R"({"x":null,"y":1})",
                                                   R"({"x":0,"y":0})", R"({"x":true})"});
}

TEST_CASE("a row of several numbers becomes an array") {
  Fake model([](const Floats& rows) { return rows; }, 2);
  Infer infer = Make(model, {}, "{a,b=0.5}:f32");
  CHECK(ValuesOf(RunOne(infer, FrameOf({R"({"a":1,"b":2})", R"({"a":3})"}))) ==
        std::vector<std::string>{R"({"a":1,"b":2,"y":[1,2]})", R"({"a":3,"y":[3,0.5]})"});
}

TEST_CASE(
    "each bad record fails in place with its reason, byte for byte, and its neighbours pass") {
  Fake model(Double);
  InferCounts counts;
  InferOptions options;
  options.tombstones = Tombstones::kFail;
  options.on_work = [&counts](const InferCounts& now) { counts = now; };
  Infer infer = Make(model, options);
  const std::vector<std::optional<std::string>> values = {
      R"({"x":1})",    "{\"x\":",          "[1]",          R"({"z":1})", R"({"x":"1"})",
      R"({"x":1e39})", std::nullopt,       R"({"x":[1]})", "",           R"({"x":2})",
      "\xff\xfe",      R"({"x":1,"x":2})", R"({"x":3})"};
  const Frame in = FrameOf(values);
  const Frame out = RunOne(infer, in.Clone());
  CHECK(CodesOf(out) == std::vector<std::string>{"", "invalid-json", "not-an-object",
                                                 "missing-field", "wrong-type", "out-of-range",
                                                 "null-value", "wrong-type", "empty-value", "",
                                                 "invalid-json", "duplicate-field", ""});
  REQUIRE(out.record_count() == values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    CAPTURE(i);
    CHECK(out.record(i).key == in.record(i).key);
    if (out.record(i).failure.code.empty()) {
      CHECK(out.record(i).state == RecordState::kOk);
      CHECK(out.record(i).value != in.record(i).value);
    } else {
      CHECK(out.record(i).state == RecordState::kFailed);
      CHECK(out.record(i).failure.stage == "rk-infer");
      CHECK_FALSE(out.record(i).failure.message.empty());
      CHECK(out.record(i).value == in.record(i).value);
      CHECK(out.record(i).headers == in.record(i).headers);
    }
  }
  CHECK(ValuesOf(out)[12] == R"({"x":3,"y":6})");
  CHECK(counts.records == 13);
  CHECK(counts.failed == 10);
  CHECK(counts.calls == 1);
}

TEST_CASE("records that are failed or filtered already are passed by") {
  Fake model(Double);
  Infer infer = Make(model);
  FrameBuilder builder(FrameOf({R"({"x":1})", "broken", "bad"}).info(), 3, 0);
  RecordView record;
  record.offset = 100;
  record.value = "broken";
  record.state = RecordState::kFailed;
  record.failure = {"rk-map", "custom", "why"};
  builder.Add(record);
  record = {};
  record.offset = 101;
  record.value = R"({"x":4})";
  record.state = RecordState::kFiltered;
  builder.Add(record);
  record = {};
  record.offset = 102;
  record.value = R"({"x":5})";
  builder.Add(record);
  const Frame out = RunOne(infer, builder.Finish());
  CHECK(ValuesOf(out) == std::vector<std::string>{"broken", R"({"x":4})", R"({"x":5,"y":10})"});
  CHECK(out.record(0).failure.stage == "rk-map");
  CHECK(out.record(0).failure.message == "why");
  CHECK(out.record(1).state == RecordState::kFiltered);
}

TEST_CASE("a frame of no usable record makes no call, and one of no record at all comes out too") {
  Fake model(Double);
  Infer infer = Make(model);
  model.calls.clear();
  CHECK(CodesOf(RunOne(infer, FrameOf({"1", std::nullopt, ""}))) ==
        std::vector<std::string>{"not-an-object", "", "empty-value"});
  CHECK(RunOne(infer, FrameOf({})).record_count() == 0);
  CHECK(model.calls.empty());
}

TEST_CASE("a tombstone goes by the model and stays one") {
  Fake model(Double);
  for (const Emit emit : {Emit::kMerge, Emit::kReplace, Emit::kTensor}) {
    Infer infer = Make(model, Options(emit, 1024));
    model.calls.clear();
    const Frame in = FrameOf({R"({"x":1})", std::nullopt, R"({"x":2})"});
    const Frame out = RunOne(infer, in.Clone());
    CHECK(CodesOf(out) == std::vector<std::string>{"", "", ""});
    CHECK(out.record(1).state == RecordState::kOk);
    CHECK(out.record(1).value == std::nullopt);
    CHECK(out.record(1).key == "k1");
    CHECK(HeadersOf(out, 1) == Headers{{"trace", "abc"}});
    CHECK(model.calls == std::vector<size_t>{2});
    CHECK(infer.counts().filtered == 0);
  }
}

TEST_CASE("a tombstone that is to be dropped is filtered without a call") {
  Fake model(Double);
  InferOptions options;
  options.tombstones = Tombstones::kDrop;
  Infer infer = Make(model, options);
  model.calls.clear();
  const Frame out = RunOne(infer, FrameOf({std::nullopt, "", std::nullopt}));
  CHECK(out.record(0).state == RecordState::kFiltered);
  CHECK(out.record(1).failure.code == "empty-value");
  CHECK(out.record(2).state == RecordState::kFiltered);
  CHECK(infer.counts().records == 3);
  CHECK(infer.counts().filtered == 2);
  CHECK(infer.counts().failed == 1);
  CHECK(model.calls.empty());
}

TEST_CASE("a frame without a row for the model needs no tensor column") {
  Fake first(Double);
  Infer half = Make(first, Options(Emit::kTensor, 1024));
  Fake second(Double);
  Infer other = Make(second, {}, "@y:f32");
  const Frame out = RunOne(other, RunOne(half, FrameOf({"{", std::nullopt})));
  CHECK(CodesOf(out) == std::vector<std::string>{"invalid-json", ""});
  CHECK_THROWS_AS(RunOne(other, FrameOf({"{}"})), Error);
}

TEST_CASE("a frame's tensor columns stay on it") {
  Fake model(Double);
  Infer infer = Make(model);
  FrameBuilder builder(FrameOf({"{}"}).info(), 1, 0);
  RecordView record;
  record.offset = 100;
  record.value = R"({"x":1})";
  builder.Add(record);
  builder.AddColumn({"embedding", Dtype::kU8, {1, 3}, "abc"});
  const Frame out = RunOne(infer, builder.Finish());
  REQUIRE(out.columns().size() == 1);
  CHECK(out.columns()[0].name == "embedding");
  CHECK(out.columns()[0].data == "abc");
}

TEST_CASE("a call has max_batch rows at most, and bad records do not count") {
  Fake model(Double);
  Infer infer = Make(model, Options(Emit::kReplace, 4));
  std::vector<std::optional<std::string>> values;
  std::vector<std::string> expected;
  for (int i = 0; i < 10; ++i) {
    values.push_back("{\"x\":" + std::to_string(i) + "}");
    expected.push_back("{\"y\":" + std::to_string(2 * i) + "}");
    if (i % 3 == 0) {
      values.push_back("bad");
      expected.push_back("bad");
    }
  }
  model.calls.clear();
  CHECK(ValuesOf(RunOne(infer, FrameOf(values))) == expected);
  CHECK(model.calls == std::vector<size_t>{4, 4, 2});
}

TEST_CASE("when the model throws only the rows that it throws on fail") {
  for (const std::set<int>& bad : std::initializer_list<std::set<int>>{
           {0}, {99}, {50}, {0, 99}, {3, 4, 5, 77}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}) {
    Fake model([&](const Floats& rows) {
      for (const float row : rows) {
        if (row > 0 && bad.contains(static_cast<int>(row) - 1)) {
          throw ModelFailure("bad row", ModelFailure::Kind::kRaised);
        }
      }
      return Double(rows);
    });
    Infer infer = Make(model, Options(Emit::kReplace, 64));
    std::vector<std::optional<std::string>> values;
    for (int i = 0; i < 100; ++i) values.push_back("{\"x\":" + std::to_string(i + 1) + "}");
    values.insert(values.begin() + 50, "not JSON");
    const Frame out = RunOne(infer, FrameOf(values));
    for (int i = 0; i < 100; ++i) {
      const RecordView record = out.record(static_cast<size_t>(i < 50 ? i : i + 1));
      CAPTURE(i);
      if (bad.contains(i)) {
        CHECK(record.failure.code == "model-error");
        CHECK(record.failure.message == "bad row");
        CHECK(record.value == "{\"x\":" + std::to_string(i + 1) + "}");
      } else {
        CHECK(record.state == RecordState::kOk);
        CHECK(record.value == "{\"y\":" + std::to_string(2 * (i + 1)) + "}");
      }
    }
    CHECK(out.record(50).failure.code == "invalid-json");
  }
}

TEST_CASE("an output that is not finite fails its record only") {
  Fake model([](const Floats& rows) {
    Floats result;
    for (const float row : rows) result.push_back(std::log(row + 1));
    return result;
  });
  Infer infer = Make(model);
  const Frame out = RunOne(infer, FrameOf({R"({"x":0})", R"({"x":-1})", R"({"x":-2})"}));
  CHECK(CodesOf(out) == std::vector<std::string>{"", "non-finite-output", "non-finite-output"});
  CHECK(out.record(1).value == R"({"x":-1})");
  CHECK(out.record(1).failure.message == "output \"y\" is not finite, and JSON has no such number");
}

TEST_CASE("the model is warm before the first frame: one row, two, and a batch of rk-read's") {
  Fake model(Double);
  Make(model);
  CHECK(model.calls == std::vector<size_t>{1, 1, 2, 2, 500, 500});
  model.calls.clear();
  Make(model, Options(Emit::kMerge, 1));
  CHECK(model.calls == std::vector<size_t>{1, 1});
  Fake wide([](const Floats& rows) { return Floats(rows.size() / 150528); });
  Make(wide, {}, "image:f32[3,224,224]");
  CHECK(wide.calls.back() == 3);
}

ErrorKind KindOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::kBug;
}

TEST_CASE("a model that cannot take such rows is refused before the first frame") {
  Fake model([](const Floats&) -> Floats {
    throw ModelFailure("shapes differ", ModelFailure::Kind::kOperation);
  });
  CHECK(KindOf([&] { Make(model); }) == ErrorKind::kConfiguration);
}

// A model that cannot be called with other numbers of rows than `takes` says.
Floats DoubleOf(const Floats& rows, const std::function<bool(size_t)>& takes) {
  if (!takes(rows.size())) {
    throw ModelFailure("API call failed", ModelFailure::Kind::kOperation);
  }
  return Double(rows);
}

TEST_CASE("where it is the number of rows that a model refuses, the cure is named") {
  Fake bound([](const Floats& rows) { return DoubleOf(rows, [](size_t n) { return n <= 8; }); });
  CHECK_THROWS_WITH(Warm(bound),
                    "the model takes at most 8 rows in a call, not 500: give --max-batch 8; it "
                    "says: API call failed");
  Fake fixed([](const Floats& rows) { return DoubleOf(rows, [](size_t n) { return n == 4; }); });
  CHECK_THROWS_WITH(Warm(fixed),
                    "the model takes calls of 4 rows only: give --buckets 4; it says: API call "
                    "failed");
  InferOptions options;
  options.sample = R"({"x":7})";
  CHECK_THROWS_WITH(Warm(fixed, options), Catch::Contains("give --buckets 4"));
  options.sample.clear();
  options.UseBuckets({4});
  CHECK_NOTHROW(Warm(fixed, options));
  options = {};
  options.batching.max_batch = 8;
  CHECK_NOTHROW(Warm(bound, options));
  Fake never([](const Floats& rows) { return DoubleOf(rows, [](size_t) { return false; }); });
  CHECK_THROWS_WITH(Warm(never), Catch::Contains("compare --input"));
}

TEST_CASE("a model that refuses zeros is warmed up with other numbers") {
  Fake model([](const Floats& rows) {
    if (rows[0] == 0) throw ModelFailure("no inverse", ModelFailure::Kind::kOperation);
    return Double(rows);
  });
  std::string logged;
  const Log log = [&](LogLevel, std::string_view message) { logged = message; };
  const auto warm = Warm(model, {}, "x:f32", "m@1", log);
  CHECK(logged.empty());
  CHECK(warm->gives() == std::vector<std::string>{"y: f32 [B,1]"});
  CHECK(model.calls.back() == 500);
}

TEST_CASE("a model that refuses made-up rows is served all the same, if its outputs are named") {
  Fake model([](const Floats& rows) {
    if (rows[0] < 5) throw ModelFailure("x must be above 5", ModelFailure::Kind::kRaised);
    return Double(rows);
  });
  std::string logged;
  const Log log = [&](LogLevel, std::string_view message) { logged = message; };
  Infer infer(Warm(model, {}, "x:f32", "m@1", log), {});
  CHECK(logged ==
        "not warmed up: the model refuses made-up rows: x must be above 5; give a record that it "
        "accepts with --sample");
  CHECK(CodesOf(RunOne(infer, FrameOf({R"({"x":0})", R"({"x":6})"}))) ==
        std::vector<std::string>{"model-error", ""});
  CHECK(KindOf([&] {
          WarmModel(std::make_unique<FakeModel>(model), MakeSignature({"x:f32"}, {}, ""), {}, "m",
                    log);
        }) == ErrorKind::kConfiguration);

  InferOptions options;
  options.sample = R"({"x":7})";
  logged.clear();
  CHECK(Warm(model, options, "x:f32", "m@1", log)->gives().size() == 1);
  CHECK(logged.empty());
  options.sample = R"({"x":4})";
  CHECK(KindOf([&] { Warm(model, options); }) == ErrorKind::kConfiguration);
  options.sample = R"({"y":7})";
  CHECK(KindOf([&] { Warm(model, options); }) == ErrorKind::kConfiguration);
}

TEST_CASE("failures that differ with the rows' values are the rows', not the model's") {
  Fake model([](const Floats& rows) -> Floats {
    throw ModelFailure("no item " + std::to_string(rows[0]), ModelFailure::Kind::kOperation);
  });
  Infer infer = Make(model);
  CHECK(CodesOf(RunOne(infer, FrameOf({R"({"x":0})"}))) == std::vector<std::string>{"model-error"});
}

TEST_CASE("a model that always returns another number of rows than it got is refused") {
  Fake always([](const Floats&) { return Floats{1, 2}; });
  CHECK(KindOf([&] { Make(always); }) == ErrorKind::kConfiguration);
}

TEST_CASE("where a call returns fewer rows, the records that get none fail") {
  Fake filter([](const Floats& rows) {
    Floats kept;
    for (const float row : rows) {
      if (row >= 0) kept.push_back(row);
    }
    return kept;
  });
  Infer infer = Make(filter);
  const Frame out = RunOne(infer, FrameOf({R"({"x":1})", R"({"x":-9})", R"({"x":3})"}));
  CHECK(CodesOf(out) == std::vector<std::string>{"", "model-error", ""});
  CHECK(out.record(1).failure.message ==
        "output \"y\" of the model has the shape [0,1] for 1 rows in: its first dimension must be "
        "the batch");
}

}  // namespace
}  // namespace rk
