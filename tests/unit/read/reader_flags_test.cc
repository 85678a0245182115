#include "lib/read/reader_flags.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>

#include "lib/base/error.h"

namespace rk {
namespace {

using Partitions = std::vector<int32_t>;

/// What the words of a command line say together. Throws CLI::ParseError and Error.
ReaderOptions Parse(std::vector<std::string> words) {
  CLI::App app;
  ReaderFlags flags;
  AddReaderFlags(app, flags);
  AddBatchFlags(app, flags);
  words.insert(words.begin(), {"-b", "localhost:1"});
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  app.parse(words);
  return MakeReaderOptions(flags, [](LogLevel, std::string_view) {});
}

std::string UsageErrorOf(const std::vector<std::string>& words) {
  try {
    Parse(words);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kUsage);
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("topics may be many, and one there must be") {
  CHECK(Parse({"-t", "a"}).topics == std::vector<std::string>{"a"});
  CHECK(Parse({"-t", "a", "-t", "^b.*"}).topics == std::vector<std::string>{"a", "^b.*"});
  CHECK(UsageErrorOf({}) == "--topic is required");
  CHECK_THROWS_AS(Parse({"-t", "^("}), Error);
}

TEST_CASE("a group's client knows no internal topic, unless one is named or its user decides") {
  const auto hidden = [](const std::vector<std::string>& words) {
    return Parse(words).client.Find("topic.blacklist");
  };
  CHECK(hidden({"-t", "a", "-t", "^.*"}) == "^__");
  CHECK(hidden({"-t", "a"}) == std::nullopt);
  CHECK(hidden({"-t", "^.*", "-t", "__consumer_offsets"}) == std::nullopt);
  CHECK(hidden({"-t", "^.*", "-X", "topic.blacklist=^x"}) == "^x");
}

TEST_CASE("a start that looks like an option is none") {
  CHECK(Parse({"-t", "a", "-o", "-10m"}).start.kind == StartOffset::Kind::kTimestamp);
  CHECK(Parse({"-t", "a", "-o", "-10"}).start == StartOffset{StartOffset::Kind::kTail, 10});
}

TEST_CASE("partitions are numbers, or all, and of a command line's several lists the last counts") {
  CHECK(Parse({"-t", "a", "-p", "0,2,1"}).partitions == Partitions{0, 2, 1});
  CHECK(Parse({"-t", "a", "-p", "1", "-p", "2"}).partitions == Partitions{2});
  CHECK(Parse({"-t", "a", "-p", "all", "-G", "g"}).partitions == Partitions{});
  for (const char* list : {"x", "1x", "-1", "1,,2", "1, 2", "99999999999"}) {
    INFO(list);
    CHECK_THAT(UsageErrorOf({"-t", "a", "-p", list}),
               Catch::Contains("is not a number: write -p 0,1,… or -p all"));
  }
}

TEST_CASE("a group shares out partitions unless some are named, and without one all are read") {
  CHECK_FALSE(Parse({"-t", "a", "-G", "g"}).partitions);
  CHECK(Parse({"-t", "a", "-G", "g"}).group == "g");
  CHECK(Parse({"-t", "a"}).partitions == Partitions{});
  CHECK(Parse({"-t", "a", "-G", "g", "-p", "3"}).partitions == Partitions{3});
  CHECK(Parse({"-t", "a", "-X", "group.id=x"}).group == "x");
  CHECK(Parse({"-t", "a", "-X", "group.id=x", "-G", "g"}).group == "g");
}

TEST_CASE("reading starts where the group is, else at the beginning, unless -o says where") {
  using Kind = StartOffset::Kind;
  CHECK(Parse({"-t", "a", "-G", "g"}).start == StartOffset{Kind::kStored, 0});
  CHECK(Parse({"-t", "a"}).start == StartOffset{Kind::kBeginning, 0});
  CHECK_FALSE(Parse({"-t", "a"}).end);
  for (const std::vector<std::string>& order :
       {std::vector<std::string>{"-o", "e@2000", "-o", "17"}, {"-o", "17", "-o", "e@2000"}}) {
    std::vector<std::string> words = {"-t", "a"};
    words.insert(words.end(), order.begin(), order.end());
    CHECK(Parse(words).start == StartOffset{Kind::kAbsolute, 17});
    CHECK(Parse(words).end == StartOffset{Kind::kTimestamp, 2000});
  }
  CHECK(UsageErrorOf({"-t", "a", "-o", "1", "-o", "2"}) == "-o 2: it was given before");
  CHECK(UsageErrorOf({"-t", "a", "-o", "e@1", "-o", "e@2"}) == "-o e@2: it was given before");
  CHECK(UsageErrorOf({"-t", "a", "-o", "stored"}) == "-o stored needs a group: name it with -G");
}

TEST_CASE("a reader ends where it is told to") {
  const ReaderOptions plain = Parse({"-t", "a"});
  CHECK_FALSE(plain.exit_at_end);
  CHECK_FALSE(plain.count);
  CHECK(Parse({"-t", "a", "-e"}).exit_at_end);
  CHECK(Parse({"-t", "a", "-c", "0"}).count == 0);
  CHECK(Parse({"-t", "a", "-c", "12"}).count == 12);
}

TEST_CASE("a reader's place in its group and its losses are as the options say") {
  const ReaderOptions plain = Parse({"-t", "a", "-G", "g"});
  CHECK(plain.instance.empty());
  CHECK(plain.start_priority == StartOffsets::Priority::kAsked);
  CHECK_FALSE(plain.skip_lost);
  CHECK(Parse({"-t", "a", "-G", "g", "--instance", "i"}).instance == "i");
  CHECK(Parse({"-t", "a", "-G", "g", "--resume"}).start_priority ==
        StartOffsets::Priority::kStored);
  CHECK(Parse({"-t", "a", "--on-offset-loss", "skip"}).skip_lost);
  CHECK_FALSE(Parse({"-t", "a", "--on-offset-loss", "exit"}).skip_lost);
  CHECK_THROWS_AS(Parse({"-t", "a", "--on-offset-loss", "other"}), CLI::ParseError);
}

TEST_CASE("batches and the window are as large as the options say, and never nothing") {
  const ReaderOptions reader =
      Parse({"-t", "a", "--batch-size", "7", "--batch-bytes", "2KiB", "--batch-timeout", "30",
             "--window-bytes", "1MiB", "--window-bytes", "3MiB", "--window-batches", "9"});
  CHECK(reader.batch.records == 7);
  CHECK(reader.batch.bytes == 2048);
  CHECK(reader.batch.timeout == std::chrono::milliseconds(30));
  CHECK(reader.window.window_bytes == 3 << 20);
  CHECK(reader.window.window_batches == 9);
  for (const char* option :
       {"--batch-size", "--batch-bytes", "--window-bytes", "--window-batches"}) {
    INFO(option);
    CHECK_THROWS_AS(Parse({"-t", "a", option, "0"}), CLI::ParseError);
    CHECK_NOTHROW(Parse({"-t", "a", option, "1"}));
  }
}

TEST_CASE("what is only sent can be committed for a group alone") {
  ReaderFlags flags;
  flags.kafka.brokers = "localhost:1";
  flags.reader.topics = {"a"};
  flags.reader.commit_sent = true;
  const Log log = [](LogLevel, std::string_view) {};
  CHECK_THROWS_WITH(MakeReaderOptions(flags, log), "--commit=sent needs a group: name it with -G");
  flags.reader.group = "g";
  CHECK(MakeReaderOptions(flags, log).commit_sent);
}

}  // namespace rk
