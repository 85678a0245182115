#include "lib/write/writer_topics.h"

#include "lib/base/error.h"
#include "lib/kafka/admin.h"

namespace rk {
namespace {

TopicDescription DescribeOutput(Admin& admin, const std::string& output,
                                const Placement& placement) {
  const auto found = admin.Describe(output);
  if (found && placement.fixed < found->partitions) return *found;
  if (found) {
    throw Error(ErrorKind::kMissing, "topic " + output + " has no partition " +
                                         std::to_string(placement.fixed) + ": it has 0 to " +
                                         std::to_string(found->partitions - 1));
  }
  throw Error(ErrorKind::kMissing,
              "topic " + output + " does not exist: create it (kafka-topics.sh --create --topic " +
                  output + " --partitions N), or name another with -t");
}

// As large as the client sends at most, so that whatever could not go to the output fits here.
constexpr char kDeadLetterMaxBytes[] = "100000000";

/// Its partitions; made if it is missing.
int32_t PrepareDeadLetters(Admin& admin, const std::string& topic, int32_t output_partitions,
                           const Log& log) {
  if (const auto existing = admin.Describe(topic)) return existing->partitions;
  // Dead letters keep their records' timestamps: with a retention an old one would be gone at once.
  admin.CreateTopic(topic, output_partitions,
                    {{"retention.ms", "-1"}, {"max.message.bytes", kDeadLetterMaxBytes}});
  const int32_t partitions = admin.Describe(topic).value().partitions;
  log(LogLevel::kInfo,
      "created the dead-letter topic topic=" + topic + " partitions=" + std::to_string(partitions));
  return partitions;
}

}  // namespace

void CheckTopics(const ClientSettings& client, const std::string& output,
                 const std::string& dead_letters, const Placement& placement, DeadLetterTopic when,
                 const Log& log) {
  CheckProducerSettings(client);
  Admin admin(client, log);
  DescribeOutput(admin, output, placement);
  // One that is missing is made at the start.
  if (when == DeadLetterTopic::kAtStart) admin.Describe(dead_letters);
}

Producer::Options PrepareTopics(const ClientSettings& client, const std::string& output,
                                const std::string& dead_letters, const Placement& placement,
                                DeadLetterTopic when, const Log& log) {
  CheckProducerSettings(client);
  Admin admin(client, log);
  const int32_t partitions = DescribeOutput(admin, output, placement).partitions;
  Producer::Options options{
      client,  {output, partitions}, {dead_letters, 0}, admin.MaxMessageBytes(output), placement,
      nullptr, admin.ClusterId()};
  if (when == DeadLetterTopic::kAtStart) {
    options.dead_letters.partitions = PrepareDeadLetters(admin, dead_letters, partitions, log);
  } else {
    options.make_dead_letters = [client, dead_letters, partitions, log] {
      Admin later(client, log);
      return PrepareDeadLetters(later, dead_letters, partitions, log);
    };
  }
  return options;
}

}  // namespace rk
