#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace rk {

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};

/// A partition and an offset in it: where to start, or what to commit.
struct PartitionOffset {
  TopicPartition partition;
  int64_t offset = 0;
  auto operator<=>(const PartitionOffset&) const = default;
};

/// A half-open run of offsets, [first, next).
struct OffsetRange {
  int64_t first = 0;
  int64_t next = 0;
  auto operator<=>(const OffsetRange&) const = default;
};

}  // namespace rk
