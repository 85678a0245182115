#include "lib/batch/frame.h"

#include <cstring>
#include <limits>
#include <utility>

#include <xxhash.h>

#include "lib/base/little_endian.h"
#include "lib/batch/frame_cursor.h"

namespace rk {
namespace {

using namespace frame_format;  // NOLINT(google-build-using-namespace): a header of constants

std::string HexBytes(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(byte);
    if (!hex.empty()) hex += ' ';
    hex.append({kDigits[value >> 4], kDigits[value & 15]});
  }
  return hex;
}

uint64_t HashHeader(char* header) {
  const auto stored = Load<uint64_t>(header + kHeaderHashAt);
  Store(header + kHeaderHashAt, uint64_t{0});
  const uint64_t hash = XXH3_64bits(header, Load<uint32_t>(header + kHeaderLengthAt));
  Store(header + kHeaderHashAt, stored);
  return hash;
}

void CheckHashes(const FrameCursor& cursor, Buffer& bytes) {
  const auto header_length = Load<uint32_t>(bytes.data() + kHeaderLengthAt);
  const auto header_hash = Load<uint64_t>(bytes.data() + kHeaderHashAt);
  cursor.Require(header_hash == HashHeader(bytes.data()), kHeaderHashAt,
                 "the hash of an unchanged header", header_hash);
  const auto body_hash = Load<uint64_t>(bytes.data() + kBodyHashAt);
  const std::string_view body = bytes.view().substr(header_length);
  cursor.Require(body_hash == XXH3_64bits(body.data(), body.size()), kBodyHashAt,
                 "the hash of an unchanged body", body_hash);
}

}  // namespace

FramePrefix ReadFramePrefix(std::string_view bytes, size_t max_frame, uint64_t stream_position) {
  FrameCursor cursor(bytes, stream_position);
  const std::string_view prefix = cursor.Take(FramePrefix::kLength, "the start of a frame");
  const char* at = prefix.data();
  if (std::memcmp(at, kMagic, sizeof kMagic) != 0) {
    cursor.Refuse(kMagicAt,
                  "89 52 4b 46, the magic of a frame (as rk-read and the stages after it write)",
                  HexBytes(prefix.substr(0, sizeof kMagic)));
  }
  cursor.Require(at[kMajorAt] == kMajor, kMajorAt,
                 "version 1 of the format (run stages of one release together)",
                 static_cast<unsigned char>(at[kMajorAt]));
  const auto header_length = Load<uint32_t>(at + kHeaderLengthAt);
  const auto total_length = Load<uint64_t>(at + kTotalLengthAt);
  cursor.Require(header_length >= kHeaderLength, kHeaderLengthAt, "a header of 144 bytes or more",
                 header_length);
  cursor.Require(total_length >= header_length, kTotalLengthAt,
                 "a total length not below the header's", total_length);
  if (total_length > max_frame) {
    cursor.Refuse(kTotalLengthAt,
                  "a total length of at most " + std::to_string(max_frame) + " (--max-frame)",
                  std::to_string(total_length));
  }
  return {total_length};
}

Frame Frame::Decode(Buffer bytes, uint64_t stream_position) {
  const FramePrefix prefix =
      ReadFramePrefix(bytes.view(), std::numeric_limits<size_t>::max(), stream_position);
  FrameCursor cursor(bytes.view(), stream_position);
  if (prefix.total_length != bytes.size()) {
    cursor.Refuse(bytes.size(), "a frame of " + std::to_string(prefix.total_length) + " bytes",
                  std::to_string(bytes.size()) + ": the stream is cut");
  }
  CheckHashes(cursor, bytes);
  Frame frame(std::move(bytes));
  frame.Open(cursor);
  frame.CheckRecords(cursor);
  return frame;
}

Frame Frame::Clone() const {
  Buffer bytes(bytes_.size());
  bytes.Append(bytes_.view());
  Frame copy(std::move(bytes));
  copy.Open(FrameCursor(copy.bytes(), 0));
  return copy;
}

void Frame::Stamp(int64_t floor, uint32_t attempt) {
  info_.floor = floor;
  info_.attempt = attempt;
  Store(bytes_.data() + kFloorAt, floor);
  Store(bytes_.data() + kAttemptAt, attempt);
  SealHeader();
}

void Frame::SealHeader() { Store(bytes_.data() + kHeaderHashAt, HashHeader(bytes_.data())); }

}  // namespace rk
