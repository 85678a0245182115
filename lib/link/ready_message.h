#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/batch/frame.h"
#include "lib/batch/partition.h"

namespace rk {

/// Offsets of a partition, as one epoch hands them out.
struct HeldRange {
  TopicPartition partition;
  int64_t epoch = 0;
  OffsetRange range;
  auto operator<=>(const HeldRange&) const = default;
};

/// Which offsets a frame stands for. A copy: it outlives the frame.
HeldRange BatchOf(const BatchInfo& info);

/// What a fetcher says of itself to the server that it is connected to, every 500 ms and on changes
/// (FetchSource says which). Each message says all there is to say. Single-part, little-endian:
///
///     u8 version (3), u8 flags (1 leaving, 2 isolates, 4 stores), u16 link length, u32 capacity,
///     u64 received, 16 bytes instance, u32 held count, u32 0, 16 bytes connection, link, then for
///     each held range i32 partition, u32 topic length, i64 epoch, i64 first, i64 next, topic
///
/// In the other direction go frames, and three messages that are none: sixteen bytes that name the
/// connection, from time to time and whenever a fetcher does not know them, one of a single byte,
/// which answers `leaving`: nothing more will come, and LinkRefusal(), for who came for another
/// link. What a fetcher says under another name does not count: ZeroMQ keeps a socket's messages
/// over the death of a server, so it may not know yet who it talks to, nor whose frames it counts.
struct ReadyMessage {
  Origin instance{};            ///< sixteen random bytes of the process
  bool leaving = false;         ///< wants nothing more, and waits for the answer
  bool isolates = false;        ///< runs a model: takes a suspect alone, and may be its victim
  bool stores = false;          ///< writes: what it got and does not hold is stored, or overruled
  uint32_t capacity = 0;        ///< frames that it would take, beside all that it knows of
  uint64_t received = 0;        ///< frames that have come on this connection
  Origin connection{};          ///< what the server has named it; zeros if it has not yet
  std::string link = {};        ///< that it came for: LinkAddress::link
  std::vector<HeldRange> held;  ///< what it is not done with; neighbours may be joined

  std::string Encode() const;
  /// Throws Error(kBadData) for anything that Encode() does not make, before it allocates.
  static ReadyMessage Decode(std::string_view bytes);
};

}  // namespace rk
