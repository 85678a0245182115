#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

namespace rk::support {

/// A topic's records as hashes, small enough for millions of them: for each
/// key, what came in which order.
class TopicDigest {
 public:
  struct Entry {
    uint64_t identity;  ///< its hash
    int32_t partition;
    int64_t offset;
  };

  /// What makes two records the same.
  struct Identity {
    std::string field;      ///< of the value's JSON: instead of the whole value and the headers
    bool timestamp = true;  ///< the key always counts
  };

  explicit TopicDigest(const Identity& identity)
      : identity_(identity), field_('"' + identity.field + "\":") {}

  /// Throws Failure if the record lacks the field.
  void Add(const rd_kafka_message_t& message);

  uint64_t count() const { return count_; }
  const std::unordered_map<uint64_t, std::vector<Entry>>& keys() const { return keys_; }

  /// The hash that stands for records without a key: their order means nothing.
  static constexpr uint64_t kNoKey = 0;

 private:
  Identity identity_;
  std::string field_;
  uint64_t count_ = 0;
  std::string scratch_;
  std::unordered_map<uint64_t, std::vector<Entry>> keys_;
};

/// How an output differs from its input.
struct Difference {
  uint64_t missing = 0;          ///< input records that are not on the output
  uint64_t duplicates = 0;       ///< input records that are there once more, counted each time
  uint64_t extra = 0;            ///< output records that the input does not have
  uint64_t disordered_keys = 0;  ///< keys whose first occurrences have another order
  using Places = std::set<std::pair<int32_t, int64_t>>;  ///< on the input: partition, offset
  Places missing_at;
  /// Of each key whose last record on the output is not the input's last, that one: whoever keeps
  /// the newest of each key would be without it for ever.
  Places stale_at;
};

Difference Compare(const TopicDigest& input, const TopicDigest& output);

}  // namespace rk::support
