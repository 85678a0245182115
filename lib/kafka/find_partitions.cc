#include "lib/kafka/find_partitions.h"

#include <regex.h>

#include <algorithm>
#include <memory>
#include <set>

#include "lib/kafka/ask_brokers.h"
#include "lib/kafka/topics.h"

namespace rk {
namespace {

using MetadataPtr = Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;

/// As librdkafka's own patterns: a group's members and fixed partitions agree.
class Pattern {
 public:
  explicit Pattern(const std::string& text) {
    const int error = regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB);
    if (error == 0) return;
    char reason[256];
    regerror(error, &compiled_, reason, sizeof reason);
    throw Error(ErrorKind::kUsage,
                "topic pattern '" + text + "' is not a regular expression: " + reason);
  }
  ~Pattern() { regfree(&compiled_); }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  bool Matches(const char* name) const { return regexec(&compiled_, name, 0, nullptr, 0) == 0; }

 private:
  regex_t compiled_{};
};

using Found = std::set<TopicPartition>;

void Add(const rd_kafka_metadata_topic_t& topic, Found& found) {
  for (int32_t number = 0; number < topic.partition_cnt; ++number)
    found.insert({topic.topic, number});
}

bool AddNamed(rd_kafka_t* handle, const std::string& name, int timeout_ms, Found& found) {
  const TopicPtr reference(rd_kafka_topic_new(handle, name.c_str(), nullptr));
  if (!reference) {
    throw Error(ErrorKind::kConfiguration, "'" + name + "' cannot be the name of a topic");
  }
  const rd_kafka_metadata_t* answer = nullptr;
  const auto error = rd_kafka_metadata(handle, 0, reference.get(), &answer, timeout_ms);
  const MetadataPtr owner(answer);
  if (error || answer->topic_cnt == 0 || IsPassing(answer->topics[0].err)) return false;
  const rd_kafka_metadata_topic_t& topic = answer->topics[0];
  if (topic.err && KindOf(topic.err) != ErrorKind::kMissing)
    throw Error(KindOf(topic.err), "topic " + name + ": " + rd_kafka_err2str(topic.err));
  if (!topic.err) Add(topic, found);
  return true;
}

bool AddMatching(rd_kafka_t* handle, const Pattern& pattern, bool internal, int timeout_ms,
                 Found& found) {
  const rd_kafka_metadata_t* answer = nullptr;
  const auto error = rd_kafka_metadata(handle, 1, nullptr, &answer, timeout_ms);
  const MetadataPtr owner(answer);
  if (error) return false;
  for (int i = 0; i < answer->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = answer->topics[i];
    if (topic.err || (IsInternal(topic.topic) && !internal)) continue;
    if (pattern.Matches(topic.topic)) Add(topic, found);
  }
  return true;
}

}  // namespace

void CheckPattern(std::string_view topic) {
  if (IsPattern(topic)) Pattern{std::string(topic)};
}

bool WantInternal(const std::vector<std::string>& topics) {
  return std::ranges::any_of(topics, [](std::string_view topic) {
    if (IsPattern(topic)) topic.remove_prefix(1);
    return IsInternal(topic);
  });
}

bool MatchesTopic(const std::string& wanted, const std::string& name) {
  return IsPattern(wanted) ? Pattern(wanted).Matches(name.c_str()) : wanted == name;
}

std::optional<std::vector<TopicPartition>> FindPartitions(rd_kafka_t* handle,
                                                          const std::vector<std::string>& topics,
                                                          int timeout_ms) {
  Found found;
  const bool internal = WantInternal(topics);
  for (const std::string& topic : topics) {
    const bool answered = IsPattern(topic)
                              ? AddMatching(handle, Pattern(topic), internal, timeout_ms, found)
                              : AddNamed(handle, topic, timeout_ms, found);
    if (!answered) return std::nullopt;
  }
  return std::vector<TopicPartition>(found.begin(), found.end());
}

}  // namespace rk
