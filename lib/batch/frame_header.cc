#include "lib/batch/frame_header.h"

#include <algorithm>
#include <cstring>
#include <limits>

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

// With zeros where the hash itself is. Of a copy: the frame may be somebody else's to change.
uint64_t HashHeader(const char* frame) {
  std::string header(frame, Load<uint32_t>(frame + kHeaderLengthAt));
  Store(header.data() + kHeaderHashAt, uint64_t{0});
  return XXH3_64bits(header.data(), header.size());
}

BatchInfo ReadInfo(const char* header) {
  BatchInfo info;
  std::memcpy(info.origin.data(), header + kOriginAt, info.origin.size());
  info.partition = Load<int32_t>(header + kPartitionAt);
  info.epoch = Load<int64_t>(header + kEpochAt);
  info.first_offset = Load<int64_t>(header + kFirstOffsetAt);
  info.next_offset = Load<int64_t>(header + kNextOffsetAt);
  info.floor = Load<int64_t>(header + kFloorAt);
  info.attempt = Load<uint32_t>(header + kAttemptAt);
  info.earliest_timestamp_ms = Load<int64_t>(header + kEarliestTimestampAt);
  info.read_time_ns = Load<int64_t>(header + kReadTimeAt);
  return info;
}

void CheckInfo(const FrameCursor& cursor, const BatchInfo& info) {
  cursor.Require(info.partition >= 0, kPartitionAt, "a partition of 0 or more", info.partition);
  cursor.Require(info.first_offset >= 0, kFirstOffsetAt, "a first offset of 0 or more",
                 info.first_offset);
  cursor.Require(info.next_offset >= info.first_offset, kNextOffsetAt,
                 "a next offset not below the first", info.next_offset);
}

bool IsText(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](char byte) {
    return byte == '\t' || byte == '\n' || byte == '\r' || (byte >= ' ' && byte <= '~');
  });
}

}  // namespace

void CheckFrameMagic(std::string_view bytes, uint64_t stream_position) {
  const std::string_view start = bytes.substr(0, sizeof kMagic);
  if (std::memcmp(start.data(), kMagic, start.size()) == 0) return;
  FrameCursor(bytes, stream_position)
      .Refuse(
          kMagicAt, "89 52 4b 46, the magic of a frame (as rk-read and the stages after it write)",
          HexBytes(start) + (IsText(start) ? ", which is text: rk-read --from - makes frames of "
                                             "lines, rk-write -P writes them to Kafka"
                                           : ""));
}

FramePrefix ReadFramePrefix(std::string_view bytes, size_t max_frame, uint64_t stream_position) {
  FrameCursor cursor(bytes, stream_position);
  const std::string_view prefix = cursor.Take(FramePrefix::kLength, "the start of a frame");
  const char* at = prefix.data();
  CheckFrameMagic(prefix, stream_position);
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

FrameHeader DecodeHeader(std::string_view bytes, uint64_t stream_position) {
  FrameCursor cursor(bytes, stream_position);
  CheckEnvelope(cursor);
  return TakeHeader(cursor);
}

void StampHeader(char* frame, int64_t floor, uint32_t attempt) {
  Store(frame + kFloorAt, floor);
  Store(frame + kAttemptAt, attempt);
  SealHeader(frame);
}

void StampHeaderEpoch(char* frame, int64_t epoch) {
  Store(frame + kEpochAt, epoch);
  SealHeader(frame);
}

void CheckEnvelope(const FrameCursor& cursor) {
  const std::string_view bytes = cursor.bytes();
  const FramePrefix prefix =
      ReadFramePrefix(bytes, std::numeric_limits<size_t>::max(), cursor.stream_position());
  if (prefix.total_length != bytes.size()) {
    cursor.Refuse(bytes.size(), "a frame of " + std::to_string(prefix.total_length) + " bytes",
                  std::to_string(bytes.size()) + ": the stream is cut");
  }
  const auto hash = Load<uint64_t>(bytes.data() + kHeaderHashAt);
  cursor.Require(hash == HashHeader(bytes.data()), kHeaderHashAt, "the hash of an unchanged header",
                 hash);
}

FrameHeader TakeHeader(FrameCursor& cursor) {
  const auto length = Load<uint32_t>(cursor.bytes().data() + kHeaderLengthAt);
  const char* at = cursor.Take(length, "header").data();
  FrameHeader header;
  const auto kind = Load<uint8_t>(at + kKindAt);
  cursor.Require(kind == kKindData || kind == kKindEnd, kKindAt, "a kind of 1 or 2", kind);
  header.kind = FrameKind{kind};
  header.record_count = Load<uint32_t>(at + kRecordCountAt);
  cursor.Require(header.kind == FrameKind::kData || header.record_count == 0, kRecordCountAt,
                 "no records in an END frame", header.record_count);
  BatchInfo& info = header.info;
  info = ReadInfo(at);
  CheckInfo(cursor, info);
  info.group = cursor.Take(Load<uint32_t>(at + kGroupLengthAt), "the group");
  info.topic = cursor.Take(Load<uint32_t>(at + kTopicLengthAt), "the topic");
  info.ack_endpoint =
      cursor.Take(Load<uint32_t>(at + kAckEndpointLengthAt), "the acknowledgement endpoint");
  info.cluster_id = cursor.Take(Load<uint32_t>(at + kClusterIdLengthAt), "the cluster id");
  cursor.TakePad();
  return header;
}

void SealHeader(char* frame) { Store(frame + kHeaderHashAt, HashHeader(frame)); }

}  // namespace rk
