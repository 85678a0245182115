#include "lib/batch/frame_limit.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/batch/sample_frame.h"

namespace rk {
namespace {

/// Records at offsets 1000, 1002, … with values of these sizes, in a batch that begins before them.
Frame Sized(const std::vector<size_t>& sizes) {
  BatchInfo info = SampleInfo();
  info.first_offset = 990;
  info.next_offset = 1000 + 2 * static_cast<int64_t>(sizes.size());
  FrameBuilder builder(info, sizes.size(), 0);
  int64_t offset = 1000;
  for (const size_t size : sizes) {
    const std::string value(size, 'v');
    RecordView record;
    record.offset = offset;
    record.key = "key";
    record.value = value;
    builder.Add(record);
    offset += 2;
  }
  return builder.Finish();
}

std::string HeaderOf(const RecordView& record, std::string_view name) {
  HeaderReader headers(record.headers);
  HeaderView header;
  while (headers.Next(&header)) {
    if (header.name == name) return std::string(header.value.value_or("null"));
  }
  return "none";
}

void CheckTiles(const Fitted& fitted, const Frame& whole, size_t most) {
  int64_t next = whole.info().first_offset;
  size_t records = 0;
  for (const Frame& part : fitted.parts) {
    CHECK(part.info().first_offset == next);
    CHECK(part.bytes().size() <= most);
    CHECK(part.info().epoch == whole.info().epoch);
    CHECK(part.info().attempt == whole.info().attempt);
    CHECK(part.info().ack_endpoint == whole.info().ack_endpoint);
    CHECK(Refusal(part.bytes()) == "");
    next = part.info().next_offset;
    records += part.record_count();
  }
  CHECK(next == whole.info().next_offset);
  CHECK(records == whole.record_count());
}

}  // namespace

TEST_CASE("a frame that fits stays as it is") {
  const Frame frame = Sized({100, 200, 300});
  const Fitted fitted = FitFrame(frame.Clone(), frame.bytes().size(), "rk-map");
  REQUIRE(fitted.parts.size() == 1);
  CHECK((fitted.parts[0].bytes() == frame.bytes()));
  CHECK(fitted.too_large == 0);
}

TEST_CASE("a frame that is too large is cut in parts that tile its range, with every record") {
  const Frame frame = Sized(std::vector<size_t>(100, 500));
  for (const size_t most : {60'000, 30'000, 7'000, 1'000}) {
    const Fitted fitted = FitFrame(frame.Clone(), most, "rk-map");
    CheckTiles(fitted, frame, most);
    CHECK(fitted.parts.size() >= frame.bytes().size() / most);
    CHECK(fitted.too_large == 0);
    for (const Frame& part : fitted.parts) {
      for (size_t i = 0; i < part.record_count(); ++i) {
        CHECK(part.record(i).state == RecordState::kOk);
        CHECK(part.record(i).value->size() == 500);
      }
    }
  }
}

TEST_CASE("parts of two cuts of one batch share nothing, or one contains the other") {
  const Frame frame = Sized({10, 4000, 10, 10, 900, 10, 2000, 10, 10, 3000, 10, 10, 10});
  const Frame other = Sized({3000, 10, 10, 2500, 10, 10, 10, 10, 4000, 10, 10, 10, 1000});
  const Fitted one = FitFrame(frame.Clone(), 5000, "rk-map");
  const Fitted two = FitFrame(other.Clone(), 3500, "rk-map");
  CHECK(one.parts.size() != two.parts.size());
  for (const Frame& a : one.parts) {
    for (const Frame& b : two.parts) {
      const BatchInfo& x = a.info();
      const BatchInfo& y = b.info();
      const bool apart = x.next_offset <= y.first_offset || y.next_offset <= x.first_offset;
      const bool x_in_y = y.first_offset <= x.first_offset && x.next_offset <= y.next_offset;
      const bool y_in_x = x.first_offset <= y.first_offset && y.next_offset <= x.next_offset;
      CHECK((apart || x_in_y || y_in_x));
    }
  }
}

TEST_CASE("a record that is too large by itself fails in place, and its neighbours do not") {
  const Frame frame = Sized({100, 50'000, 100});
  const Fitted fitted = FitFrame(frame.Clone(), 10'000, "rk-map");
  CheckTiles(fitted, frame, 10'000);
  CHECK(fitted.too_large == 1);
  size_t failed = 0;
  for (const Frame& part : fitted.parts) {
    for (size_t i = 0; i < part.record_count(); ++i) {
      const RecordView record = part.record(i);
      if (record.state != RecordState::kFailed) {
        CHECK(record.value->size() == 100);
        continue;
      }
      ++failed;
      CHECK(record.offset == 1002);
      CHECK(record.key == "key");
      CHECK_FALSE(record.value);
      CHECK(HeaderOf(record, "rk-value-bytes") == "50000");
      CHECK(record.failure.stage == "rk-map");
      CHECK(record.failure.code == "too-large");
      CHECK_THAT(std::string(record.failure.message), Catch::Contains("10000 (--max-frame)"));
    }
  }
  CHECK(failed == 1);
}

TEST_CASE("a record that had failed before keeps its failure when its value goes") {
  BatchInfo info = SampleInfo();
  info.first_offset = 5;
  info.next_offset = 6;
  FrameBuilder builder(info, 1, 0);
  const std::string value(5000, 'v');
  RecordView record;
  record.offset = 5;
  record.value = value;
  record.state = RecordState::kFailed;
  record.failure = {"rk-infer", "missing-field", "no field x"};
  builder.Add(record);
  const Fitted fitted = FitFrame(builder.Finish(), 1000, "rk-map");
  CHECK_FALSE(fitted.parts[0].record(0).value);
  CHECK(fitted.parts[0].record(0).failure.code == "missing-field");
  CHECK(HeaderOf(fitted.parts[0].record(0), "rk-value-bytes") == "5000");
}

TEST_CASE("a record whose key or headers are too large goes without them") {
  BatchInfo info = SampleInfo();
  info.first_offset = 5;
  info.next_offset = 6;
  const std::string large(5000, 'k');
  std::string headers;
  const bool in_key = GENERATE(true, false);
  if (!in_key) AppendHeader(headers, {"h", large});
  FrameBuilder builder(info, 1, 0);
  RecordView record;
  record.offset = 5;
  if (in_key) record.key = large;
  record.headers = headers;
  builder.Add(record);
  const Frame frame = builder.Finish();
  const Fitted fitted = FitFrame(frame.Clone(), 1000, "rk-map");
  CheckTiles(fitted, frame, 1000);
  CHECK(fitted.parts[0].record(0).failure.code == "too-large");
}

TEST_CASE("the rows of a column go with their records, and with none that is too large") {
  const Frame frame = SampleColumns();
  const Fitted fitted = FitFrame(frame.Clone(), frame.bytes().size() - 1, "rk-map");
  REQUIRE(fitted.parts.size() == 2);
  CHECK(fitted.parts[0].columns().size() == frame.columns().size());
  CHECK(fitted.parts[0].columns()[0].shape[0] == 1);
}

}  // namespace rk
