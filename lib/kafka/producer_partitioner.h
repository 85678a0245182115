#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace rk {

/// Which partition a record goes to, by its key: librdkafka's `partitioner` property, with
/// murmur2_random, the Java producers' rule, as our default. Records without a key go to a
/// partition drawn for each batch (by the *_random ones), so that they share requests.
///
/// We choose, not the library, because the order kept in a partition (output_partition_queue.h)
/// needs to know the partition before the library has the record. One thread.
class Partitioner {
 public:
  /// `name` as librdkafka has it: random, consistent, consistent_random, murmur2, murmur2_random,
  /// fnv1a, fnv1a_random. Throws Error(kConfiguration) for any other.
  explicit Partitioner(const std::string& name);

  /// Draws the partition of the records without a key anew.
  void StartBatch() { draw_ = random_(); }
  /// 0 … partitions-1.
  int32_t Choose(std::optional<std::string_view> key, int32_t partitions) const;

 private:
  enum class Hash { kNone, kCrc32, kMurmur2, kFnv1a };

  Hash hash_ = Hash::kMurmur2;
  bool without_key_at_random_ = true;
  bool empty_key_at_random_ = false;
  std::minstd_rand random_{std::random_device{}()};
  uint32_t draw_ = 0;
};

}  // namespace rk
