#include "lib/batch/frame.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/batch/check_same.h"
#include "tests/unit/batch/sample_frame.h"

namespace rk {
namespace {

using Catch::Contains;
using namespace std::string_view_literals;

Frame Again(const Frame& frame) { return Frame::Decode(CopyOf(frame.bytes())); }

/// The message of the Error(kBug) that `misuse` is answered with.
std::string BugOf(const std::function<void()>& misuse) {
  try {
    misuse();
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kBug);
    return error.what();
  }
  return "";
}

RecordView At(int64_t offset) {
  RecordView record;
  record.offset = offset;
  return record;
}

TEST_CASE("a frame says the same after a journey as its bytes") {
  for (const Frame& frame : {SampleRecords(), SampleColumns(), SampleEmpty(), SampleEnd()}) {
    const Frame decoded = Again(frame);
    CHECK(decoded.bytes() == frame.bytes());
    CHECK(TextOf(decoded) == TextOf(frame));
  }
}

TEST_CASE("every field of the batch comes back as it was put in") {
  const Frame frame = Again(SampleRecords());
  CHECK(frame.kind() == FrameKind::kData);
  CheckSame(frame.info(), SampleInfo());
}

TEST_CASE("null, empty and binary keys and values stay what they are") {
  const Frame frame = Again(SampleRecords());
  REQUIRE(frame.record_count() == 7);
  CHECK(frame.record(0).key == "a-1");
  CHECK(frame.record(1).key == std::nullopt);
  CHECK(frame.record(1).value == "");
  CHECK(frame.record(2).key == "");
  CHECK(frame.record(2).value == std::nullopt);
  CHECK(frame.record(3).key == "\x00\xff\x80\n"sv);
  CHECK(frame.record(3).value == "\xde\xad\xbe\xef"sv);
  CHECK(frame.record(4).key == std::nullopt);
  CHECK(frame.record(4).value == std::nullopt);
}

TEST_CASE("headers keep their order, duplicates, empty names and null values") {
  const Frame frame = Again(SampleRecords());
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers;
  HeaderReader reader(frame.record(3).headers);
  for (HeaderView header; reader.Next(&header);) headers.emplace_back(header.name, header.value);
  REQUIRE(headers.size() == 5);
  CHECK(headers[0] == std::pair{"h"sv, std::optional{"1"sv}});
  CHECK(headers[1] == std::pair{"h"sv, std::optional{"2"sv}});
  CHECK(headers[2] == std::pair{"h"sv, std::optional<std::string_view>{}});
  CHECK(headers[3] == std::pair{""sv, std::optional{""sv}});
  CHECK(headers[4] == std::pair{"bin"sv, std::optional{"\x00\xff"sv}});
}

TEST_CASE("offsets, timestamps, states and failures come back") {
  const Frame frame = Again(SampleRecords());
  CHECK(frame.record(3).offset == 1004);
  CHECK(frame.record(0).timestamp_ms == 1'700'000'001'000);
  CHECK(frame.record(0).timestamp_type == TimestampType::kCreateTime);
  CHECK(frame.record(2).timestamp_type == TimestampType::kLogAppendTime);
  CHECK(frame.record(4).timestamp_type == TimestampType::kNone);
  CHECK(frame.record(4).timestamp_ms == -1);
  CHECK(frame.record(0).state == RecordState::kOk);
  CHECK(frame.record(0).failure.code.empty());
  CHECK(frame.record(5).state == RecordState::kFailed);
  CHECK(frame.record(5).failure.stage == "rk-infer");
  CHECK(frame.record(5).failure.code == "invalid-json");
  CHECK(frame.record(5).failure.message == "the value ends inside an object");
  CHECK(frame.record(6).state == RecordState::kFiltered);
}

TEST_CASE("columns of every dtype come back, their data aligned") {
  const Frame frame = Again(SampleColumns());
  REQUIRE(frame.columns().size() == 7);
  for (const ColumnView& column : frame.columns()) {
    CHECK(reinterpret_cast<uintptr_t>(column.data.data()) % 8 == 0);
  }
  CHECK(frame.columns()[0].name == "score");
  CHECK(frame.columns()[0].dtype == Dtype::kF32);
  CHECK(frame.columns()[0].shape == std::vector<int64_t>{2, 2});
  CHECK(frame.columns()[0].data == "\0\0\0\x3f\0\0\x80\xbf\0\0\x50\x40\xca\xf2\x49\x71"sv);
  CHECK(frame.columns()[4].shape == std::vector<int64_t>{2, 1, 1, 1, 1, 1, 2, 1});
  CHECK(frame.columns()[6].data.empty());
}

TEST_CASE("views of a frame live on when it is moved, and the parser's padding is readable") {
  Frame frame = Again(SampleRecords());
  const RecordView before = frame.record(0);
  const Frame moved = std::move(frame);
  CHECK(moved.record(0).value->data() == before.value->data());
  CHECK(*before.value == R"({"id": "a-1", "age": 31, "city": "Göttingen"})");
  const char* end = moved.bytes().data() + moved.bytes().size();
  CHECK_NOTHROW(std::count(end, end + Buffer::kPadding, '\0'));  // for the address sanitizer
}

TEST_CASE("stamping a frame changes its floor, its attempt and its header's hash, nothing else") {
  Frame frame = SampleRecords();
  const std::string before(frame.bytes());
  frame.Stamp(1003, 7);
  const std::string_view after = frame.bytes();
  REQUIRE(after.size() == before.size());
  for (size_t at = 0; at < before.size(); ++at) {
    const bool stamped = (at >= 24 && at < 32) || (at >= 84 && at < 96);
    if (before[at] != after[at]) CHECK(stamped);
  }
  const Frame decoded = Again(frame);
  CHECK(decoded.info().floor == 1003);
  CHECK(decoded.info().attempt == 7);
  CHECK(frame.info().floor == 1003);
  CHECK(frame.info().attempt == 7);
  frame.Stamp(998, 1);
  CHECK(frame.bytes() == before);
}

TEST_CASE("a frame of a later minor version, with a longer header, is read and stamped") {
  for (const size_t extra : {8, 96, 400}) {
    const Frame sample = SampleRecords();
    Frame frame = Frame::Decode(WithLongerHeader(sample, extra));
    CHECK(TextOf(frame) == TextOf(sample));
    frame.Stamp(1001, 2);
    CHECK(Again(frame).info().floor == 1001);
  }
}

TEST_CASE("the builder refuses what a reader would refuse") {
  const BatchInfo info = SampleInfo();
  const auto add = [&](size_t promised, const std::vector<int64_t>& offsets) {
    return BugOf([&] {
      FrameBuilder builder(info, promised, 0);
      for (const int64_t offset : offsets) builder.Add(At(offset));
      builder.Finish();
    });
  };
  CHECK_THAT(add(2, {1000}), Contains("fewer records"));
  CHECK_THAT(add(1, {1000, 1001}), Contains("more records"));
  CHECK_THAT(add(2, {1001, 1001}), Contains("does not rise"));
  CHECK_THAT(add(2, {1002, 1001}), Contains("does not rise"));
  CHECK_THAT(add(1, {999}), Contains("within the batch's range"));
  CHECK_THAT(add(1, {1010}), Contains("within the batch's range"));
  const auto column = [&](const ColumnView& view) {
    return BugOf([&] {
      FrameBuilder builder(info, 1, 0);
      builder.Add(At(1000));
      builder.AddColumn(view);
      builder.Finish();
    });
  };
  CHECK_THAT(column({"c", Dtype::kU8, {2}, "ab"}), Contains("the record count"));
  CHECK_THAT(column({"c", Dtype::kU8, {1, 3}, "ab"}), Contains("the shape gives"));
  CHECK_THAT(column({"c", Dtype::kBool, {1}, "\x02"}), Contains("a bool of 0 or 1"));
  CHECK_THAT(column({"c", Dtype::kU8, {}, ""}), Contains("a rank"));
  CHECK_THAT(column({"c", Dtype::kU8, {1, 1, 1, 1, 1, 1, 1, 1, 1}, "a"}), Contains("a rank"));
}

TEST_CASE("a failure of a record that is not failed is left out") {
  BatchInfo info = SampleInfo();
  RecordView record = At(1000);
  record.failure = {"stage", "code", "message"};
  FrameBuilder builder(info, 1, 0);
  builder.Add(record);
  CHECK(Again(builder.Finish()).record(0).failure.stage.empty());
}

TEST_CASE("an origin is random and prints as 32 hexadecimal digits") {
  CHECK(RandomOrigin() != RandomOrigin());
  CHECK(ToHex(SampleInfo().origin) == "000102030405060708090a0b0c0d0e0f");
}

}  // namespace
}  // namespace rk
