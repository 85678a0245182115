#include "lib/batch/frame_header.h"

#include <string>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/batch/frame.h"
#include "tests/unit/batch/check_same.h"
#include "tests/unit/batch/sample_frame.h"

namespace rk {
namespace {

using Catch::Contains;

std::string HeaderRefusal(std::string_view bytes) {
  try {
    DecodeHeader(bytes);
    return "";
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kBadData);
    return error.what();
  }
}

}  // namespace

TEST_CASE("a header decoded alone says what the whole frame does") {
  for (const Frame& frame : {SampleRecords(), SampleColumns(), SampleEmpty(), SampleEnd()}) {
    const FrameHeader header = DecodeHeader(frame.bytes());
    CHECK(header.kind == frame.kind());
    CHECK(header.record_count == frame.record_count());
    CheckSame(header.info, frame.info());
  }
}

TEST_CASE("a header of a later minor version is decoded alone too") {
  const Frame frame = SampleRecords();
  const Buffer longer = WithLongerHeader(frame, 16);
  CHECK(DecodeHeader(longer.view()).info.topic == frame.info().topic);
}

TEST_CASE("a changed byte is found in the header, and left to the reader in the body") {
  const Frame frame = SampleRecords();
  for (size_t at = 0; at < frame_format::kHeaderLength; ++at) {
    std::string bytes(frame.bytes());
    bytes[at] ^= 1;
    INFO("byte " << at);
    // The body's hash is a part of the header.
    CHECK_THAT(HeaderRefusal(bytes), Contains("expected"));
  }
  std::string bytes(frame.bytes());
  bytes.back() ^= 1;
  CHECK(HeaderRefusal(bytes) == "");
  CHECK_THAT(Refusal(bytes), Contains("an unchanged body"));
}

TEST_CASE("a header whose frame is cut or longer is refused") {
  const std::string bytes(SampleRecords().bytes());
  for (size_t length = 0; length < bytes.size(); ++length) {
    CHECK_THAT(HeaderRefusal(bytes.substr(0, length)), Contains("byte"));
  }
  CHECK_THAT(HeaderRefusal(bytes + '\0'), Contains("a frame of"));
}

TEST_CASE("strings that would lie past the frame's end are refused") {
  Buffer bytes = CopyOf(SampleEmpty().bytes());
  Store(bytes.data() + frame_format::kTopicLengthAt, uint32_t{1} << 31);
  Seal(bytes);
  const size_t left = bytes.size() - frame_format::kHeaderLength;  // its group is empty
  CHECK_THAT(HeaderRefusal(bytes.view()),
             Contains("the topic, found " + std::to_string(left) + " left"));
}

TEST_CASE("a header that is stamped anew is whole again") {
  Buffer bytes = CopyOf(SampleRecords().bytes());
  StampHeader(bytes.data(), 17, 3);
  CHECK(DecodeHeader(bytes.view()).info.floor == 17);
  CHECK(DecodeHeader(bytes.view()).info.attempt == 3);
  CHECK(Refusal(bytes.view()) == "");
}

}  // namespace rk
