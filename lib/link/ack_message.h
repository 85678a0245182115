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
  // Exactly once; `names` says whose they are.
  kClaim = 7,   ///< writer → reader: I am to write this partition's frames of this epoch
  kGrant = 8,   ///< reader → writer: do, once the transactional ids named have been fenced
  kTaken = 9,   ///< writer → reader: they have been
  kGroup = 10,  ///< reader → writer: my generation (`epoch`), member id and instance id
};

/// One message of the acknowledgement channel (docs/architecture.md, Acknowledgements),
/// single-part, little-endian:
///
///     u8 version (1), u8 kind, u8 blame, u8 0, i32 partition, i64 epoch, u32 topic length,
///     u32 range count, topic, then for each range i64 first, i64 next
///
/// and from Claim on, behind that, u32 name count, then for each name u32 length and its bytes.
///
/// Hello and NackAll have no partition (0), epoch (0), topic or ranges, and Group has none but its
/// generation; Ack and Nack have at least one range, the others have none. Claim names
/// the writer's transactional id and which life of its producer asks, Taken the id; Grant that
/// life, the brokers' id of the topic (empty if it is not known), then the ids to be fenced; Group
/// the member and its instance, of which either may be empty.
struct AckMessage {
  AckKind kind = AckKind::kHello;
  bool blame = false;  ///< Nack: the peer died while holding them
  TopicPartition partition;
  int64_t epoch = 0;
  std::vector<OffsetRange> ranges;
  std::vector<std::string> names = {};

  std::string Encode() const;
  /// Throws Error(kBadData) for anything that Encode() does not make, before it allocates.
  static AckMessage Decode(std::string_view bytes);
};

}  // namespace rk
