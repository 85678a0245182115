#pragma once

#include <string>
#include <vector>

#include "lib/read/reader_options.h"

namespace rk {

struct FoundTopics {
  std::vector<TopicPartition> partitions;  ///< all of them, in order
  std::string cluster_id;
};

/// What the brokers have of options.topics. Throws Error(kMissing) for a topic that is not there
/// and for a pattern that none matches, and what Admin throws.
FoundTopics FindTopics(const ReaderOptions& options, const Log& log);

/// Those that options.partitions names of each topic. Throws Error(kMissing) for one that is not
/// among `all`.
std::vector<TopicPartition> FixedPartitions(const ReaderOptions& options,
                                            const std::vector<TopicPartition>& all);

}  // namespace rk
