#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/batch/partition.h"

namespace rk {

/// What a reader remembers of who writes its partitions (docs/architecture.md X2): the
/// transactional ids that claimed each, until whoever came after them has fenced them. A pure
/// class; the caller serialises.
class Claimants {
 public:
  /// `id` is to write what was sent of the partition in `epoch`, the current one. Returns the ids
  /// that may still hold something of an earlier epoch. Those of the same hold other offsets.
  std::vector<std::string> Claim(const TopicPartition& partition, int64_t epoch,
                                 const std::string& id) {
    auto& epochs = epochs_[partition];
    std::vector<std::string> earlier;
    for (const auto& [other, claimed] : epochs) {
      if (other != id && claimed < epoch) earlier.push_back(other);
    }
    int64_t& mine = epochs[id];
    mine = std::max(mine, epoch);
    return earlier;
  }

  /// `id` has fenced all that its claim was told of.
  void Taken(const TopicPartition& partition, int64_t epoch, const std::string& id) {
    std::erase_if(epochs_[partition],
                  [&](const auto& entry) { return entry.first != id && entry.second < epoch; });
  }

 private:
  std::map<TopicPartition, std::map<std::string, int64_t>> epochs_;
};

}  // namespace rk
