#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/little_endian.h"
#include "lib/batch/frame.h"
#include "tests/unit/batch/sample_frame.h"

namespace rk {
namespace {

using Catch::Contains;
using namespace frame_format;  // NOLINT(google-build-using-namespace): a header of constants

/// Where the parts of SampleRecords() and SampleColumns() lie, found without the decoder.
size_t TableOf(const Frame& frame) {
  const BatchInfo& info = frame.info();
  const size_t end = kHeaderLength + info.group.size() + info.topic.size() +
                     info.ack_endpoint.size() + info.cluster_id.size();
  return (end + kAlignment - 1) / kAlignment * kAlignment;
}

size_t EntryOf(const Frame& frame, size_t index) { return TableOf(frame) + index * kRecordLength; }

size_t FirstColumnOf(const Frame& frame) {
  return static_cast<size_t>(frame.columns()[0].name.data() - frame.bytes().data()) - 32;
}

/// The frame's bytes with `value` at `at`, sealed as if they had been written so.
template <typename Number>
std::string RefusalWith(const Frame& frame, size_t at, Number value) {
  Buffer bytes = CopyOf(frame.bytes());
  Store(bytes.data() + at, value);
  Seal(bytes);
  return Refusal(bytes.view());
}

std::string At(size_t at) { return "byte " + std::to_string(at) + ":"; }

constexpr uint64_t kHuge[] = {uint64_t{1} << 63, ~uint64_t{0}, ~uint64_t{0} - 7, uint64_t{1} << 62,
                              uint64_t{1} << 48};

TEST_CASE("a frame that is cut anywhere is refused") {
  for (const Frame& frame : {SampleRecords(), SampleColumns(), SampleEnd()}) {
    for (size_t length = 0; length < frame.bytes().size(); ++length) {
      INFO("cut at " << length);
      CHECK_THAT(Refusal(frame.bytes().substr(0, length)), Contains("byte"));
    }
  }
}

TEST_CASE("a frame with a byte too many is refused") {
  const Frame frame = SampleRecords();
  CHECK_THAT(Refusal(std::string(frame.bytes()) + '\0'), Contains("a frame of"));
}

TEST_CASE("bytes that belong to nothing are refused") {
  Buffer bytes = CopyOf(SampleRecords().bytes());
  const size_t end = bytes.size();
  bytes.Append(std::string(8, '\0'));
  Store(bytes.data() + kTotalLengthAt, uint64_t{bytes.size()});
  Seal(bytes);
  CHECK_THAT(Refusal(bytes.view()), Contains(At(end)) && Contains("the frame's end, found 8"));
}

TEST_CASE("a frame with any one bit flipped is refused") {
  for (const Frame& frame : {SampleRecords(), SampleColumns(), SampleEnd()}) {
    std::string bytes(frame.bytes());
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      INFO("bit " << bit);
      const auto mask = static_cast<char>(1 << (bit % 8));
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
      CHECK_THAT(Refusal(bytes), Contains("byte"));
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
    }
  }
}

TEST_CASE("a damaged frame that was sealed afterwards is refused or can be read, never more") {
  for (const Frame& frame : {SampleRecords(), SampleColumns(), SampleEmpty(), SampleEnd()}) {
    for (size_t at = 0; at < frame.bytes().size(); ++at) {
      for (const unsigned char value : {0x00, 0x01, 0x03, 0x07, 0x7f, 0x80, 0xff}) {
        Buffer bytes = CopyOf(frame.bytes());
        bytes.data()[at] = static_cast<char>(value);
        Seal(bytes);
        INFO("byte " << at << " is " << int{value});
        if (!Refusal(bytes.view()).empty()) continue;
        const Frame decoded = Frame::Decode(std::move(bytes));
        CHECK_FALSE(TextOf(decoded).empty());
      }
    }
  }
}

TEST_CASE("the message names the position in the stream and what was expected") {
  const Frame frame = SampleRecords();
  std::string bytes(frame.bytes());
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  CHECK_THAT(Refusal(bytes, 7000), Contains("bad frame at byte 7000 of the stream: byte 7032: "
                                            "expected the hash of an unchanged body, found"));
  CHECK(Refusal(R"({"id": 1, "pad": "1234567890"})", 5) ==
        "bad frame at byte 5 of the stream: byte 5: expected 89 52 4b 46, the magic of a frame (as "
        "rk-read and the stages after it write), found 7b 22 69 64, which is text: rk-read --from "
        "- makes frames "
        "of lines, rk-write -P writes them to Kafka");
  CHECK_THAT(Refusal(frame.bytes().substr(0, 300), 1000),
             Contains("byte 1300: expected a frame of " + std::to_string(frame.bytes().size()) +
                      " bytes, found 300: the stream is cut"));
}

TEST_CASE("a frame over the limit is refused by its first bytes") {
  const Frame frame = SampleRecords();
  const std::string_view start = frame.bytes().substr(0, FramePrefix::kLength);
  const size_t length = frame.bytes().size();
  CHECK(ReadFramePrefix(start, length, 0).total_length == length);
  CHECK_THROWS_WITH(ReadFramePrefix(start, length - 1, 96),
                    "bad frame at byte 96 of the stream: byte 112: expected a total length of at "
                    "most " +
                        std::to_string(length - 1) + " (--max-frame), found " +
                        std::to_string(length));
  std::string largest(start);
  Store(largest.data() + kTotalLengthAt, uint64_t{64} << 20);
  CHECK_NOTHROW(ReadFramePrefix(largest, kDefaultMaxFrame, 0));
  Store(largest.data() + kTotalLengthAt, (uint64_t{64} << 20) + 1);
  CHECK_THROWS_AS(ReadFramePrefix(largest, kDefaultMaxFrame, 0), Error);
  std::string huge(start);
  Store(huge.data() + kTotalLengthAt, uint64_t{1} << 63);
  CHECK_THROWS_AS(ReadFramePrefix(huge, kDefaultMaxFrame, 0), Error);
}

TEST_CASE("another major version is refused and named") {
  CHECK_THAT(RefusalWith(SampleRecords(), kMajorAt, uint8_t{2}),
             Contains(At(kMajorAt)) && Contains("version 1 ") && Contains("found 2"));
}

TEST_CASE("a header with an impossible field is refused there") {
  const Frame frame = SampleRecords();
  CHECK_THAT(RefusalWith(frame, kKindAt, uint8_t{0}), Contains(At(kKindAt)));
  CHECK_THAT(RefusalWith(frame, kKindAt, uint8_t{3}), Contains(At(kKindAt)));
  CHECK_THAT(RefusalWith(frame, kKindAt, kKindEnd), Contains("no records in an END frame"));
  CHECK_THAT(RefusalWith(frame, kPartitionAt, int32_t{-1}), Contains(At(kPartitionAt)));
  CHECK_THAT(RefusalWith(frame, kFirstOffsetAt, int64_t{-1}), Contains(At(kFirstOffsetAt)));
  CHECK_THAT(RefusalWith(frame, kNextOffsetAt, int64_t{999}), Contains(At(kNextOffsetAt)));
  CHECK_THAT(RefusalWith(frame, kHeaderLengthAt, uint32_t{143}), Contains(At(kHeaderLengthAt)));
  CHECK_THAT(RefusalWith(frame, kHeaderLengthAt, ~uint32_t{0}), Contains(At(kTotalLengthAt)));
  CHECK_THAT(RefusalWith(frame, kRecordCountAt, uint32_t{8}), Contains("expected"));
  CHECK_THAT(RefusalWith(frame, kRecordCountAt, ~uint32_t{0}), Contains("the record table"));
  CHECK_THAT(RefusalWith(frame, kColumnCountAt, ~uint32_t{0}), Contains("a column"));
  for (const size_t at :
       {kGroupLengthAt, kTopicLengthAt, kAckEndpointLengthAt, kClusterIdLengthAt}) {
    CHECK_THAT(RefusalWith(frame, at, ~uint32_t{0}), Contains("4294967295 bytes for the"));
  }
}

TEST_CASE("lengths of 2^63 and their like are refused before anything is allocated") {
  const Frame records = SampleRecords();
  const Frame columns = SampleColumns();
  for (const uint64_t huge : kHuge) {
    INFO(huge);
    CHECK_FALSE(RefusalWith(records, kTotalLengthAt, huge).empty());
    CHECK_THAT(RefusalWith(records, kDataLengthAt, huge), Contains("the data section"));
    CHECK_THAT(RefusalWith(records, EntryOf(records, 3) + kRecordPositionAt, huge),
               Contains("lies in the data section"));
    CHECK_THAT(RefusalWith(columns, FirstColumnOf(columns) + 24, huge),
               Contains("the data length that the shape gives"));
    CHECK_FALSE(RefusalWith(columns, FirstColumnOf(columns) + 16, huge).empty());
  }
}

TEST_CASE("a record that does not keep to its bounds is refused at its entry") {
  const Frame frame = SampleRecords();
  const size_t entry = EntryOf(frame, 3);
  const auto refusal = [&](size_t field, auto value) {
    return RefusalWith(frame, entry + field, value);
  };
  CHECK_THAT(refusal(kRecordOffsetAt, int64_t{1002}), Contains(At(entry)));  // as the one before
  CHECK_THAT(refusal(kRecordOffsetAt, int64_t{999}), Contains(At(entry)));
  CHECK_THAT(refusal(kRecordOffsetAt, int64_t{1010}), Contains(At(entry)));
  CHECK_THAT(refusal(kRecordKeyLengthAt, int32_t{-2}),
             Contains(At(entry + kRecordKeyLengthAt)) && Contains("a key length"));
  CHECK_THAT(refusal(kRecordKeyLengthAt, std::numeric_limits<int32_t>::max()),
             Contains("lies in the data section"));
  CHECK_THAT(refusal(kRecordValueLengthAt, std::numeric_limits<int32_t>::min()),
             Contains("a value length"));
  CHECK_THAT(refusal(kRecordHeadersLengthAt, ~uint32_t{0}), Contains("lies in the data section"));
  CHECK_THAT(refusal(kRecordFailureLengthAt, uint32_t{12}), Contains("no failure"));
  CHECK_THAT(refusal(kRecordStateAt, uint8_t{3}), Contains("a record state"));
  CHECK_THAT(refusal(kRecordStateAt, uint8_t{1}), Contains("a failure's lengths"));
  CHECK_THAT(refusal(kRecordTimestampTypeAt, uint8_t{3}), Contains("a timestamp type"));
}

TEST_CASE("a record may not reach past the data section, by a single byte") {
  const Frame frame = SampleRecords();
  const auto data_length = Load<uint64_t>(frame.bytes().data() + kDataLengthAt);
  for (const size_t index : {1, 6}) {
    const RecordView record = frame.record(index);
    REQUIRE(record.headers.empty());
    const size_t length = record.key.value_or("").size() + record.value.value_or("").size();
    const size_t at = EntryOf(frame, index) + kRecordPositionAt;
    CHECK(RefusalWith(frame, at, data_length - length) == "");
    CHECK_THAT(RefusalWith(frame, at, data_length - length + 1),
               Contains(At(at)) && Contains("lies in the data section"));
  }
}

TEST_CASE("records may not share bytes: a small frame never stands for a large batch") {
  const Frame frame = SampleRecords();
  const auto data_length =
      static_cast<int32_t>(Load<uint64_t>(frame.bytes().data() + kDataLengthAt));
  Buffer bytes = CopyOf(frame.bytes());
  for (const size_t index : {1, 4}) {  // the records without headers
    Store(bytes.data() + EntryOf(frame, index) + kRecordPositionAt, uint64_t{0});
    Store(bytes.data() + EntryOf(frame, index) + kRecordValueLengthAt, data_length);
  }
  Seal(bytes);
  CHECK_THAT(Refusal(bytes.view()), Contains("records that share no bytes"));
}

TEST_CASE("the bytes of records may lie in any order") {
  const Frame frame = SampleRecords();
  Buffer bytes = CopyOf(frame.bytes());
  char* first = bytes.data() + EntryOf(frame, 1);
  char* last = bytes.data() + EntryOf(frame, 6);
  std::swap_ranges(first + kRecordPositionAt, first + kRecordPositionAt + 24,
                   last + kRecordPositionAt);
  Seal(bytes);
  const Frame swapped = Frame::Decode(std::move(bytes));
  CHECK(swapped.record(1).key == "a-9");
  CHECK(swapped.record(6).value == "");
}

TEST_CASE("headers and failures must end where their lengths say") {
  const Frame frame = SampleRecords();
  const auto offset_in = [&](const char* at) {
    return static_cast<size_t>(at - frame.bytes().data());
  };
  const size_t headers = offset_in(frame.record(3).headers.data());
  CHECK_THAT(RefusalWith(frame, headers, uint32_t{2}), Contains("byte"));  // all later ones shift
  CHECK_THAT(RefusalWith(frame, headers, ~uint32_t{0}), Contains("for a header's name"));
  CHECK_THAT(RefusalWith(frame, headers + 4, int32_t{-2}), Contains(At(headers + 4)));
  CHECK_THAT(RefusalWith(frame, headers + 4, int32_t{1 << 30}), Contains("for a header's value"));
  CHECK_THAT(RefusalWith(frame, EntryOf(frame, 3) + kRecordHeadersLengthAt, uint32_t{5}),
             Contains("a header's value"));
  const size_t failure = offset_in(frame.record(5).failure.stage.data()) - 12;
  CHECK_THAT(RefusalWith(frame, failure, ~uint32_t{0}), Contains("stage, code and message"));
  CHECK_THAT(RefusalWith(frame, failure, uint32_t{7}), Contains("fill its length"));
  CHECK_THAT(RefusalWith(frame, EntryOf(frame, 5) + kRecordFailureLengthAt, uint32_t{0}),
             Contains("a failure's lengths"));
}

TEST_CASE("a pad that is not zero is refused") {
  const Frame frame = SampleRecords();
  const BatchInfo& info = frame.info();
  const size_t pad =
      static_cast<size_t>(info.cluster_id.data() - frame.bytes().data()) + info.cluster_id.size();
  REQUIRE(pad < TableOf(frame));
  CHECK_THAT(RefusalWith(frame, pad, uint8_t{9}), Contains(At(pad)) && Contains("a pad"));
}

TEST_CASE("a column that does not fit its shape is refused") {
  const Frame frame = SampleColumns();
  const size_t column = FirstColumnOf(frame);  // score f32[2,2]
  CHECK_THAT(RefusalWith(frame, column, ~uint32_t{0}), Contains("a column's name"));
  CHECK_THAT(RefusalWith(frame, column + 4, uint8_t{0}), Contains("a dtype"));
  CHECK_THAT(RefusalWith(frame, column + 4, uint8_t{7}), Contains("a dtype"));
  CHECK_THAT(RefusalWith(frame, column + 5, uint8_t{0}), Contains("a rank"));
  CHECK_THAT(RefusalWith(frame, column + 5, uint8_t{9}), Contains("a rank"));
  CHECK_THAT(RefusalWith(frame, column + 8, int64_t{3}), Contains("the record count"));
  CHECK_THAT(RefusalWith(frame, column + 16, int64_t{-1}), Contains("a size of 0 or more"));
  CHECK_THAT(RefusalWith(frame, column + 16, int64_t{1} << 62), Contains("a shape that fits"));
  CHECK_THAT(RefusalWith(frame, column + 16, int64_t{3}), Contains("that the shape gives"));
  const char* approve = frame.columns()[5].data.data();
  CHECK_THAT(RefusalWith(frame, static_cast<size_t>(approve - frame.bytes().data()), uint8_t{2}),
             Contains("a bool of 0 or 1"));
}

}  // namespace
}  // namespace rk
