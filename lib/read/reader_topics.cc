#include "lib/read/reader_topics.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"
#include "lib/kafka/admin.h"
#include "lib/kafka/topics.h"

namespace rk {

FoundTopics FindTopics(const ReaderOptions& options, const Log& log) {
  Admin admin(options.client, log);
  FoundTopics found;
  found.partitions = admin.Find(options.topics);
  found.cluster_id = admin.ClusterId();
  for (const std::string& topic : options.topics) {
    if (IsPattern(topic)) continue;
    if (std::ranges::find(found.partitions, topic, &TopicPartition::topic) !=
        found.partitions.end())
      continue;
    throw Error(ErrorKind::kMissing,
                fmt::format("topic {0} does not exist: is the name right? (create it with "
                            "kafka-topics.sh --create --topic {0})",
                            topic));
  }
  if (found.partitions.empty()) {
    throw Error(ErrorKind::kMissing, fmt::format("no topic matches {}: is the pattern right?",
                                                 fmt::join(options.topics, " or ")));
  }
  return found;
}

std::vector<TopicPartition> FixedPartitions(const ReaderOptions& options,
                                            const std::vector<TopicPartition>& all) {
  const std::vector<int32_t> numbers = options.partitions.value_or(std::vector<int32_t>{});
  if (numbers.empty()) return all;
  std::map<std::string, int32_t> last;
  for (const auto& [topic, number] : all) last[topic] = number;
  std::vector<TopicPartition> partitions;
  for (const auto& [topic, highest] : last) {
    for (const int32_t number : numbers) {
      if (number > highest) {
        throw Error(ErrorKind::kMissing, fmt::format("topic {} has no partition {}: it has 0 to {}",
                                                     topic, number, highest));
      }
      partitions.push_back({topic, number});
    }
  }
  return partitions;
}

}  // namespace rk
