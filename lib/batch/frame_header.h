#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/batch/frame_format.h"

namespace rk {

class FrameCursor;

using Origin = std::array<unsigned char, 16>;

/// Sixteen random bytes that name one reader process. Throws Error(kIo) if the kernel gives none.
Origin RandomOrigin();
/// 32 lower-case hexadecimal digits.
std::string ToHex(const Origin& origin);

enum class FrameKind : uint8_t { kData = frame_format::kKindData, kEnd = frame_format::kKindEnd };

/// Everything a frame says about its batch beside the records (docs/architecture.md I1). As
/// Frame::info() the strings borrow from the frame; as an argument of FrameBuilder they borrow from
/// the caller.
struct BatchInfo {
  Origin origin{};
  std::string_view group;  ///< empty without a consumer group
  std::string_view topic;
  int32_t partition = 0;
  int64_t epoch = 0;         ///< CLOCK_BOOTTIME ns when the partition was assigned or rewound
  int64_t first_offset = 0;  ///< the batch covers [first_offset, next_offset)
  int64_t next_offset = 0;
  int64_t floor = 0;     ///< lowest offset not yet acknowledged when this frame was sent
  uint32_t attempt = 0;  ///< how many peers died while holding it (docs/architecture.md I8)
  std::string_view ack_endpoint;  ///< where the reader takes acknowledgements, e.g. ipc://…
  std::string_view cluster_id;    ///< Kafka's cluster id, empty if unknown
  int64_t earliest_timestamp_ms = -1;
  int64_t read_time_ns = 0;  ///< CLOCK_REALTIME, for display and histograms only
};

/// What the first bytes of a frame say, for whoever reads frames from a byte stream.
struct FramePrefix {
  static constexpr size_t kLength = 24;  ///< bytes needed
  uint64_t total_length = 0;
};

/// Refuses what a frame does not begin with, also of fewer bytes than ReadFramePrefix() takes.
/// Throws Error(kBadData) that says what to do with text.
void CheckFrameMagic(std::string_view bytes, uint64_t stream_position);

/// Reads the length of the frame that starts with `bytes` (at least FramePrefix::kLength of them).
/// Throws Error(kBadData) for a wrong magic, another major version, or a length that is impossible
/// or over `max_frame`, before anything is allocated; the message says where and what to do.
FramePrefix ReadFramePrefix(std::string_view bytes, size_t max_frame, uint64_t stream_position);

/// What it takes to pass a frame on. The strings of `info` borrow from the frame's bytes.
struct FrameHeader {
  FrameKind kind = FrameKind::kData;
  BatchInfo info;
  size_t record_count = 0;
};

/// Reads the header of the frame `bytes` and the strings behind it, and nothing else: checks the
/// length and the header's hash. The body's hash, which covers the strings too, is left to whoever
/// reads the records. Throws Error(kBadData) as Frame::Decode() does.
FrameHeader DecodeHeader(std::string_view bytes, uint64_t stream_position = 0);

/// Rewrites what changes between two sends of one batch, and the header's hash with it. `frame` has
/// a valid header.
void StampHeader(char* frame, int64_t floor, uint32_t attempt);
void StampHeaderEpoch(char* frame, int64_t epoch);

// The steps of decoding, for Frame:

/// Requires a frame of exactly the bytes under `cursor`, with an unchanged header.
void CheckEnvelope(const FrameCursor& cursor);
/// Takes the header and the strings behind it, up to the record table.
FrameHeader TakeHeader(FrameCursor& cursor);
/// Writes the hash of the header as it is now.
void SealHeader(char* frame);

}  // namespace rk
