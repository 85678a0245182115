#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/batch/partition.h"

namespace rk {

enum class AckKind : uint8_t {
  kHello = 1,  ///< writer → reader: I will acknowledge your frames; reader → writer: are you there
  kAck = 2,      ///< writer → reader: these ranges are done
  kNack = 3,     ///< server or writer → reader: send these again
  kFence = 4,    ///< reader → writer: I gave this partition up
  kFenced = 5,   ///< writer → reader: a later epoch owns this partition
  kNackAll = 6,  ///< rk-run → reader: a stage died, send again whatever is in flight
};

/// One message of the acknowledgement channel (docs/architecture.md, Acknowledgements),
/// single-part, little-endian:
///
///     u8 version (1), u8 kind, u8 blame, u8 0, i32 partition, i64 epoch, u32 topic length,
///     u32 range count, topic, then for each range i64 first, i64 next
///
/// Hello and NackAll have no partition (0), epoch (0), topic or ranges; Ack and Nack have at least
/// one range, Fence and Fenced have none.
struct AckMessage {
  AckKind kind = AckKind::kHello;
  bool blame = false;  ///< Nack: the peer died while holding them
  TopicPartition partition;
  int64_t epoch = 0;
  std::vector<OffsetRange> ranges;

  std::string Encode() const;
  /// Throws Error(kBadData) for anything that Encode() does not make, before it allocates.
  static AckMessage Decode(std::string_view bytes);
};

}  // namespace rk
