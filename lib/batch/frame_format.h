#pragma once

#include <cstddef>
#include <cstdint>

/// The frame format, version 1.0, as constants; man/rk-frame.5 says the same in prose.
/// All integers are little-endian. The same bytes travel on a pipe and as one ZeroMQ message.
///
///     header | group topic ack_endpoint cluster_id | pad | record table | data | pad | columns
///
/// Everything after the header is the body. Pads are zero bytes up to a multiple of 8 counted from
/// the frame's first byte.
namespace rk::frame_format {

inline constexpr unsigned char kMagic[4] = {0x89, 'R', 'K', 'F'};
inline constexpr uint8_t kMajor = 1;  ///< a reader refuses any other
inline constexpr uint8_t kMinor = 0;  ///< a later minor may lengthen the header at its end

inline constexpr uint8_t kKindData = 1;
inline constexpr uint8_t kKindEnd = 2;  ///< the stream is complete; nothing follows

// Offsets in the header.
inline constexpr size_t kMagicAt = 0;
inline constexpr size_t kMajorAt = 4;
inline constexpr size_t kMinorAt = 5;
inline constexpr size_t kKindAt = 6;
inline constexpr size_t kFlagsAt = 7;         ///< u8, 0 in this version
inline constexpr size_t kHeaderLengthAt = 8;  ///< u32, bytes of the header
inline constexpr size_t kRecordCountAt = 12;  ///< u32
inline constexpr size_t kTotalLengthAt = 16;  ///< u64, bytes of header and body
inline constexpr size_t kHeaderHashAt = 24;   ///< u64, XXH3-64 of the header, this field as zeros
inline constexpr size_t kBodyHashAt = 32;     ///< u64, XXH3-64 of the body
inline constexpr size_t kOriginAt = 40;       ///< 16 random bytes of the reader's process
inline constexpr size_t kEpochAt = 56;        ///< i64
inline constexpr size_t kFirstOffsetAt = 64;  ///< i64
inline constexpr size_t kNextOffsetAt = 72;   ///< i64
inline constexpr size_t kPartitionAt = 80;    ///< i32
inline constexpr size_t kAttemptAt = 84;      ///< u32
inline constexpr size_t kFloorAt = 88;        ///< i64
inline constexpr size_t kEarliestTimestampAt = 96;   ///< i64, milliseconds, -1 for none
inline constexpr size_t kReadTimeAt = 104;           ///< i64, CLOCK_REALTIME nanoseconds
inline constexpr size_t kGroupLengthAt = 112;        ///< u32
inline constexpr size_t kTopicLengthAt = 116;        ///< u32
inline constexpr size_t kAckEndpointLengthAt = 120;  ///< u32
inline constexpr size_t kClusterIdLengthAt = 124;    ///< u32
inline constexpr size_t kDataLengthAt = 128;         ///< u64, bytes of the data section, unpadded
inline constexpr size_t kColumnCountAt = 136;        ///< u32
inline constexpr size_t kHeaderLength = 144;         ///< u32 reserved at 140, 0

// Offsets in an entry of the record table. An entry's bytes lie in the data section, from its
// position on: key, value, headers, failure. Entries are in order of rising offset, their bytes in
// any order; all entries' lengths together are at most the data section's.
inline constexpr size_t kRecordOffsetAt = 0;          ///< i64
inline constexpr size_t kRecordTimestampAt = 8;       ///< i64, milliseconds, -1 for none
inline constexpr size_t kRecordPositionAt = 16;       ///< u64, from the start of the data section
inline constexpr size_t kRecordKeyLengthAt = 24;      ///< i32, -1 is null
inline constexpr size_t kRecordValueLengthAt = 28;    ///< i32, -1 is null
inline constexpr size_t kRecordHeadersLengthAt = 32;  ///< u32
inline constexpr size_t kRecordFailureLengthAt = 36;  ///< u32, 0 unless the state is failed
inline constexpr size_t kRecordStateAt = 40;          ///< u8, RecordState
inline constexpr size_t kRecordTimestampTypeAt = 41;  ///< u8, TimestampType
inline constexpr size_t kRecordLength = 48;           ///< 6 bytes reserved, 0

// A header of a record: u32 name length, i32 value length (-1 is null), name, value.
// A failure: u32 stage length, u32 code length, u32 message length, stage, code, message.

// A tensor column: u32 name length, u8 dtype, u8 rank, u16 reserved, i64 shape[rank] (shape[0] is
// the record count), u64 data length, name, pad, data, pad.
inline constexpr uint8_t kDtypeF32 = 1;
inline constexpr uint8_t kDtypeF64 = 2;
inline constexpr uint8_t kDtypeI32 = 3;
inline constexpr uint8_t kDtypeI64 = 4;
inline constexpr uint8_t kDtypeU8 = 5;
inline constexpr uint8_t kDtypeBool = 6;  ///< one byte, 0 or 1

inline constexpr int32_t kNull = -1;  ///< as the length of a key or value: there is none
inline constexpr size_t kAlignment = 8;
inline constexpr size_t kMaxRank = 8;
inline constexpr size_t kDefaultMaxFrame = size_t{64} << 20;

}  // namespace rk::frame_format
