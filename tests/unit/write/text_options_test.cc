#include "lib/write/text_options.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>

#include "lib/batch/record_encoding.h"
#include "tests/unit/link/test_directory.h"
#include "tests/unit/link/test_pipe.h"

namespace rk {
namespace {

/// What the words of a command line say. Throws CLI::ParseError.
TextOptions Parse(std::vector<std::string> words) {
  CLI::App app;
  TextOptions options;
  AddTextOptions(app, options);
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  app.parse(words);
  return options;
}

/// The first frame of what `text` on standard input is.
Frame FromStandardInput(const TextOptions& options, const std::string& text) {
  TestPipe pipe;
  const int before = dup(STDIN_FILENO);
  dup2(pipe.in(), STDIN_FILENO);
  pipe.Write(text);
  pipe.CloseOut();
  std::optional<Frame> frame = OpenText(options)->TryReceive();
  dup2(before, STDIN_FILENO);
  close(before);
  REQUIRE(frame);
  return *std::move(frame);
}

std::vector<HeaderView> HeadersOf(const RecordView& record) {
  std::vector<HeaderView> headers;
  HeaderReader reader(record.headers);
  for (HeaderView header; reader.Next(&header);) headers.push_back(header);
  return headers;
}

}  // namespace

TEST_CASE("the options of text want -P, each of them") {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"-K", ":"}, {"-D", ";"}, {"-k", "key"}, {"-H", "name=value"}, {"-Z"}, {"file"}}) {
    INFO(words.front());
    CHECK_THROWS_AS(Parse(words), CLI::ParseError);
    std::vector<std::string> with = words;
    with.insert(with.begin(), "-P");
    CHECK_NOTHROW(Parse(with));
  }
}

TEST_CASE("a delimiter that is empty is wrong usage") {
  CHECK_THROWS_AS(Parse({"-P", "-K", ""}), CLI::ParseError);
  CHECK_THROWS_AS(Parse({"-P", "-D", ""}), CLI::ParseError);
}

TEST_CASE("standard input is cut into records and keys at the delimiters, escapes and all") {
  const Frame frame = FromStandardInput(Parse({"-P", "-K", R"(\t)", "-D", ";"}), "a\tone;b\ttwo;");
  REQUIRE(frame.record_count() == 2);
  CHECK(frame.record(0).key == "a");
  CHECK(frame.record(0).value == "one");
  CHECK(frame.record(1).key == "b");
  CHECK(frame.record(1).value == "two");
}

TEST_CASE("without a delimiter each line of standard input is a record, under the key of -k") {
  const Frame frame = FromStandardInput(Parse({"-P", "-k", "all"}), "one\ntwo\n");
  REQUIRE(frame.record_count() == 2);
  CHECK(frame.record(1).key == "all");
  CHECK(frame.record(1).value == "two");
}

TEST_CASE(
    "option -H adds each of its headers to each record, with a null value where there is no =") {
  const Frame frame =
      FromStandardInput(Parse({"-P", "-H", "trace=a=b", "-H", "flag", "-H", "empty="}), "one\n");
  const auto headers = HeadersOf(frame.record(0));
  REQUIRE(headers.size() == 3);
  CHECK(headers[0].name == "trace");
  CHECK(headers[0].value == "a=b");
  CHECK(headers[1].name == "flag");
  CHECK_FALSE(headers[1].value);
  CHECK(headers[2].name == "empty");
  CHECK(headers[2].value == "");
}

TEST_CASE("option -Z makes empty values and keys null, which else they are not") {
  const Frame with = FromStandardInput(Parse({"-P", "-Z", "-K", ":"}), "k:\n:v\n");
  CHECK_FALSE(with.record(0).value);
  CHECK_FALSE(with.record(1).key);
  const Frame without = FromStandardInput(Parse({"-P", "-K", ":"}), "k:\n:v\n");
  CHECK(without.record(0).value == "");
  CHECK(without.record(1).key == "");
}

TEST_CASE("files are records, in their order, and standard input is left alone") {
  const TestDirectory directory;
  const std::string one = directory.path() + "/one";
  const std::string two = directory.path() + "/two";
  std::ofstream(one) << "first\nfile";
  std::ofstream(two) << "second";
  const auto source = OpenText(Parse({"-P", "-k", "key", one, two}));
  const auto frame = source->TryReceive();
  REQUIRE(frame);
  CHECK(frame->record(0).value == "first\nfile");
  CHECK(frame->record(0).key == "key");
  CHECK(source->TryReceive()->record(0).value == "second");
  CHECK(source->ended());
}

}  // namespace rk
