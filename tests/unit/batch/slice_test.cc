#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/batch/frame.h"
#include "tests/unit/batch/sample_frame.h"

namespace rk {
namespace {

/// The lines of TextOf() that `prefix` begins.
std::string LinesOf(const Frame& frame, const std::string& prefix) {
  const std::string text = TextOf(frame);
  std::string lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at) + 1;
    if (text.compare(at, prefix.size(), prefix) == 0) lines += text.substr(at, end - at);
    at = end;
  }
  return lines;
}

TEST_CASE("a slice has the records of its range, as they were") {
  const Frame slice = Slice(SampleRecords(), 1002, 1007);
  REQUIRE(slice.record_count() == 4);
  CHECK(slice.record(0).offset == 1002);
  CHECK(slice.record(3).offset == 1006);
  CHECK(slice.record(3).failure.code == "invalid-json");
  CHECK(Refusal(slice.bytes()) == "");
}

TEST_CASE("slices that tile a batch have all of its records, with headers, states and failures") {
  const Frame frame = SampleRecords();
  for (int64_t cut = 1000; cut <= 1010; ++cut) {
    const Frame front = Slice(frame, 1000, cut);
    const Frame back = Slice(frame, cut, 1010);
    CHECK(LinesOf(front, "record") + LinesOf(back, "record") == LinesOf(frame, "record"));
  }
}

TEST_CASE("a slice changes nothing of the batch's identity but the range") {
  Frame expected = Slice(SampleRecords(), 1000, 1010);
  CHECK(expected.bytes() == SampleRecords().bytes());
  const Frame slice = Slice(SampleRecords(), 1003, 1009);
  CHECK(slice.info().first_offset == 1003);
  CHECK(slice.info().next_offset == 1009);
  std::string text = LinesOf(SampleRecords(), "kind");
  text.replace(text.find("range 1000 1010"), 15, "range 1003 1009");
  CHECK(LinesOf(slice, "kind") == text);
}

TEST_CASE("a slice keeps the rows of its records in every column") {
  const Frame frame = SampleColumns();  // records at 1003 and 1008
  const Frame front = Slice(frame, 1000, 1008);
  const Frame back = Slice(frame, 1008, 1010);
  REQUIRE(front.columns().size() == frame.columns().size());
  for (size_t i = 0; i < frame.columns().size(); ++i) {
    const ColumnView& whole = frame.columns()[i];
    std::vector<int64_t> shape = whole.shape;
    shape[0] = 1;
    CHECK(front.columns()[i].name == whole.name);
    CHECK(front.columns()[i].dtype == whole.dtype);
    CHECK(front.columns()[i].shape == shape);
    CHECK(std::string(front.columns()[i].data).append(back.columns()[i].data) == whole.data);
  }
  CHECK(Slice(frame, 1004, 1008).columns()[0].shape == std::vector<int64_t>{0, 2});
  CHECK(Refusal(Slice(frame, 1004, 1008).bytes()) == "");
}

TEST_CASE("a slice of a batch without records is a range without records") {
  const Frame slice = Slice(SampleEmpty(), 1001, 1002);
  CHECK(slice.record_count() == 0);
  CHECK(slice.info().first_offset == 1001);
}

TEST_CASE("a slice outside of its batch is a bug") {
  const Frame frame = SampleRecords();
  CHECK_THROWS_AS(Slice(frame, 999, 1001), Error);
  CHECK_THROWS_AS(Slice(frame, 1009, 1011), Error);
  CHECK_THROWS_AS(Slice(frame, 1005, 1004), Error);
}

}  // namespace
}  // namespace rk
