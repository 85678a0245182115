// Says whether an output topic holds what its input topic holds.

#include <algorithm>
#include <cstdio>

#include "tests/support/kafka_client.h"
#include "tests/support/topic_digest.h"

namespace rk::support {
namespace {

constexpr auto kDescription =
    "Compares two topics: every record of the input must be on the output, "
    "once, those of one key\n"
    "in order. Prints the differences as JSON; exits 1 if there are any.";

constexpr size_t kMostRanges = 100;

struct Options {
  Connection connection;
  std::string input;
  std::string output;
  TopicDigest::Identity identity;
  std::vector<std::string> added;
  std::string group;
  bool allow_duplicates = false;
};

// How many of `names` the JSON value lacks.
uint64_t Lacking(std::string_view value, const std::vector<std::string>& names) {
  return static_cast<uint64_t>(std::count_if(
      names.begin(), names.end(),
      [&](const std::string& name) { return value.find('"' + name + "\":") == value.npos; }));
}

TopicDigest Digest(const Options& options, const std::string& topic,
                   const std::vector<std::string>& added, uint64_t& unchanged) {
  TopicDigest digest(options.identity);
  ReadTopic(options.connection, topic, [&](const rd_kafka_message_t& message) {
    digest.Add(message);
    if (Lacking(ValueOf(message), added) > 0) ++unchanged;
  });
  return digest;
}

// How many offsets lie between what the group has committed and the ends; 0
// without a group.
int64_t Uncommitted(const Options& options) {
  if (options.group.empty()) return 0;
  const Client client = MakeConsumer(MakeConf(options.connection, {{"group.id", "rk-support"}}));
  const auto committed = CommittedOffsets(options.connection, options.input, options.group);
  int64_t behind = 0;
  for (const auto& [partition, end] : EndOffsets(client.get(), options.input)) {
    if (committed.at(partition) != end)
      behind += std::max<int64_t>(1, end - committed.at(partition));
  }
  return behind;
}

// As "partition:first-last", at most kMostRanges of them.
std::string Ranges(const Difference::Places& places) {
  std::string text;
  size_t ranges = 0;
  for (auto place = places.begin(); place != places.end();) {
    if (++ranges > kMostRanges) return text + " ...";
    const auto [partition, first] = *place;
    int64_t last = first;
    while (++place != places.end() && *place == std::pair(partition, last + 1)) ++last;
    text += (text.empty() ? "" : " ") + std::to_string(partition) + ":" + std::to_string(first) +
            (last > first ? "-" + std::to_string(last) : "");
  }
  return text;
}

int Run(const Options& options) {
  uint64_t unchanged = 0;
  const TopicDigest input = Digest(options, options.input, {}, unchanged);
  const TopicDigest output = Digest(options, options.output, options.added, unchanged);
  const Difference found = Compare(input, output);
  const int64_t uncommitted = Uncommitted(options);
  const bool good = found.missing == 0 && found.extra == 0 && found.disordered_keys == 0 &&
                    uncommitted == 0 && unchanged == 0 &&
                    (found.duplicates == 0 || options.allow_duplicates);
  std::printf(
      "{\"input\":%llu,\"output\":%llu,\"missing\":%llu,\"missing_at\":\"%s\","
      "\"duplicates\":%llu,\"extra\":%llu,\"disordered_keys\":%llu,"
      "\"stale_keys\":%zu,\"stale_at\":\"%s\","
      "\"uncommitted\":%lld,\"unchanged\":%llu,\"good\":%s}\n",
      static_cast<unsigned long long>(input.count()),
      static_cast<unsigned long long>(output.count()),
      static_cast<unsigned long long>(found.missing), Ranges(found.missing_at).c_str(),
      static_cast<unsigned long long>(found.duplicates),
      static_cast<unsigned long long>(found.extra),
      static_cast<unsigned long long>(found.disordered_keys), found.stale_at.size(),
      Ranges(found.stale_at).c_str(), static_cast<long long>(uncommitted),
      static_cast<unsigned long long>(unchanged), good ? "true" : "false");
  return good ? 0 : 1;
}

void AddOptions(CLI::App& app, Options& options) {
  options.connection.AddOptions(app);
  app.add_option("input", options.input, "The input topic")->required();
  app.add_option("output", options.output, "The output topic")->required();
  app.add_option("--by", options.identity.field,
                 "Records are the same if key, timestamp and this field of the JSON value are");
  app.add_flag("!--ignore-timestamps", options.identity.timestamp, "They may differ");
  app.add_option("--added", options.added, "Fields that the JSON of each output record must have")
      ->delimiter(',');
  app.add_option("--group", options.group, "This group must have committed the input's ends");
  app.add_flag("--allow-duplicates", options.allow_duplicates, "Count them, but let them pass");
}

}  // namespace
}  // namespace rk::support

int main(int argc, char** argv) {
  CLI::App app(rk::support::kDescription, "kcheck");
  rk::support::Options options;
  rk::support::AddOptions(app, options);
  return rk::support::Main(app, argc, argv, [&] { return rk::support::Run(options); });
}
