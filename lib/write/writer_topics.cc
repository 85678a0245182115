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

}  // namespace

void CheckTopics(const ClientSettings& client, const std::string& output,
                 const std::string& dead_letters, const Placement& placement, const Log& log) {
  CheckProducerSettings(client);
  Admin admin(client, log);
  DescribeOutput(admin, output, placement);
  admin.Describe(dead_letters);  // one that is missing is made at the start
}

Producer::Options PrepareTopics(const ClientSettings& client, const std::string& output,
                                const std::string& dead_letters, const Placement& placement,
                                const Log& log) {
  CheckProducerSettings(client);
  Admin admin(client, log);
  const TopicDescription found = DescribeOutput(admin, output, placement);
  int32_t dead_letter_partitions = found.partitions;
  if (const auto existing = admin.Describe(dead_letters)) {
    dead_letter_partitions = existing->partitions;
  } else {
    // Dead letters keep their records' timestamps: with a retention an old one would be gone at
    // once.
    admin.CreateTopic(dead_letters, found.partitions, {{"retention.ms", "-1"}});
    dead_letter_partitions = admin.Describe(dead_letters).value().partitions;
    log(LogLevel::kInfo, "created the dead-letter topic topic=" + dead_letters +
                             " partitions=" + std::to_string(dead_letter_partitions));
  }
  return {client,
          {output, found.partitions},
          {dead_letters, dead_letter_partitions},
          admin.MaxMessageBytes(output),
          placement};
}

}  // namespace rk
