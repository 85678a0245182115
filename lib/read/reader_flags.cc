#include "lib/read/reader_flags.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <system_error>

#include <CLI/CLI.hpp>

#include "lib/base/error.h"
#include "lib/kafka/topics.h"
#include "lib/stage/option_value.h"

namespace rk {
namespace {

constexpr uint64_t kLongestTimeoutMs = 86'400'000;  // a day

/// `all` is the empty list. Throws Error(kUsage).
std::vector<int32_t> ParsePartitions(const std::string& text) {
  std::vector<int32_t> numbers;
  if (text == "all") return numbers;
  for (const std::string& part : CLI::detail::split(text, ',')) {
    int32_t number = -1;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (error != std::errc() || end != part.data() + part.size() || number < 0) {
      throw Error(ErrorKind::kUsage,
                  "partition '" + part + "' is not a number: write -p 0,1,… or -p all");
    }
    numbers.push_back(number);
  }
  return numbers;
}

/// -o is given once for the start and once for the end, in any order.
void ParseOffsets(const std::vector<std::string>& texts, ReaderOptions& reader) {
  const bool grouped = !reader.group.empty();
  std::optional<StartOffset> start;
  for (const std::string& text : texts) {
    auto& place = text.starts_with("e@") ? reader.end : start;
    if (place) throw Error(ErrorKind::kUsage, "-o " + text + ": it was given before");
    place = ParseStartOffset(text.starts_with("e@") ? "s" + text.substr(1) : text);
  }
  reader.start = start.value_or(ParseStartOffset(grouped ? "stored" : "beginning"));
  if (!grouped && reader.start.kind == StartOffset::Kind::kStored)
    throw Error(ErrorKind::kUsage, "-o stored needs a group: name it with -G");
}

/// What keeps two readers from having the same partition, and one from reading what was aborted.
void CheckExactlyOnce(const ReaderOptions& reader) {
  if (!reader.exactly_once) return;
  if (reader.group.empty() || reader.partitions)
    throw Error(ErrorKind::kUsage, "--exactly-once needs a group: name it with -G");
  const auto refuse = [&](const char* property, const char* value) {
    if (reader.client.Find(property).value_or(value) == value) return;
    throw Error(ErrorKind::kConfiguration, std::string("property ") + property + ": it must be " +
                                               value + " with --exactly-once; leave it out");
  };
  refuse("isolation.level", "read_committed");
  refuse("group.protocol", "classic");
}

/// As FindPartitions() does, in the client of a group, which looks for topics by itself.
void LeaveOutInternal(ReaderOptions& reader) {
  if (WantInternal(reader.topics) || reader.client.Find("topic.blacklist")) return;
  if (std::ranges::any_of(reader.topics, [](const auto& topic) { return IsPattern(topic); }))
    reader.client.properties.emplace_back("topic.blacklist", "^__");
}

}  // namespace

void AddReaderFlags(CLI::App& app, ReaderFlags& flags) {
  ReaderOptions& reader = flags.reader;
  AddKafkaOptions(app, flags.kafka);
  app.add_option("-t,--topic", reader.topics, "topic or ^PATTERN to read; may be repeated")
      ->option_text("TOPIC")
      ->expected(1)
      ->take_all();
  app.add_option("-G,--group", reader.group, "join this group, commit to it; --exactly-once")
      ->option_text("GROUP");
  app.add_option("-p,--partition", flags.partitions, "read only these: N,... or all")
      ->option_text("LIST")
      ->take_last();
  app.add_option("-o,--offset", flags.offsets, "beginning|end|stored|N|-N|TIME|-10m; end: e@TIME")
      ->option_text("OFFSET")
      ->expected(1)
      ->take_all();
  app.add_flag_callback(
      "--resume", [&] { reader.start_priority = StartOffsets::Priority::kStored; },
      "-o only where the group has stored no offset");
  app.add_flag("-e,--exit", reader.exit_at_end, "exit at the end of every partition");
  app.add_option("-c,--count", reader.count, "exit after N records")
      ->option_text("N")
      ->transform(WholeNumber(0));
  app.add_option("--instance", reader.instance, "group.instance.id: rejoin at once after a crash")
      ->option_text("ID");
  app.add_flag("--exactly-once", reader.exactly_once,
               "rk-write --exactly-once commits the offsets")
      ->group("")  // named in the line of -G: a screen is full
      ->excludes("-p");
  app.add_option_function<std::string>(
         "--on-offset-loss", [&](const std::string& what) { reader.skip_lost = what == "skip"; },
         "if retention deletes unread records: exit, skip")
      ->option_text("WHAT=exit")
      ->transform(OneOf({"exit", "skip"}));
}

void AddBatchFlags(CLI::App& app, ReaderFlags& flags) {
  ReaderOptions& reader = flags.reader;
  app.add_option("--batch-size", reader.batch.records, "maximum records per batch")
      ->option_text("N=500")
      ->transform(WholeNumber(1));
  app.add_option("--batch-bytes", reader.batch.bytes, "maximum bytes per batch")
      ->option_text("SIZE=1MiB")
      ->transform(SizeBetween(1));
  app.add_option("--batch-timeout", flags.batch_timeout_ms,
                 "how long a record waits for others (default 0)")
      ->option_text("MS")
      ->transform(WholeNumber(0, kLongestTimeoutMs));
  app.add_option("--window-bytes", reader.window.window_bytes, "unacknowledged bytes to keep")
      ->option_text("SIZE=64MiB")
      ->take_last()
      ->transform(SizeBetween(1));
  app.add_option("--window-batches", reader.window.window_batches, "unacknowledged batches to keep")
      ->option_text("N=4096")
      ->transform(WholeNumber(1));
}

ReaderOptions MakeReaderOptions(const ReaderFlags& flags, const Log& log) {
  ReaderOptions reader = flags.reader;
  if (reader.topics.empty()) throw Error(ErrorKind::kUsage, "--topic is required");
  for (const std::string& topic : reader.topics) CheckPattern(topic);
  reader.client = MakeClientSettings(flags.kafka, log);
  LeaveOutInternal(reader);
  if (reader.group.empty()) reader.group = reader.client.Find("group.id").value_or("");
  if (!flags.partitions.empty()) reader.partitions = ParsePartitions(flags.partitions);
  if (reader.group.empty() && !reader.partitions) reader.partitions.emplace();
  if (reader.commit_sent && reader.group.empty())
    throw Error(ErrorKind::kUsage, "--commit=sent needs a group: name it with -G");
  CheckExactlyOnce(reader);
  ParseOffsets(flags.offsets, reader);
  reader.batch.timeout = std::chrono::milliseconds(flags.batch_timeout_ms);
  return reader;
}

}  // namespace rk
