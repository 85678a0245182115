#include "lib/stage/stderr_log.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/unit/stage/test_child.h"

namespace rk {
namespace {

const std::chrono::system_clock::time_point kNow(std::chrono::milliseconds(1738324805042));

std::string Text(std::string_view message) {
  return FormatLogLine(LogFormat::kText, LogOrigin("rk-read"), LogLevel::kWarning, message, kNow);
}

std::string JsonMessage(std::string_view message) {
  const std::string line =
      FormatLogLine(LogFormat::kJson, LogOrigin("rk-read"), LogLevel::kInfo, message, kNow);
  const std::string start =
      R"({"time":"2025-01-31T12:00:05.042Z","tool":"rk-read","level":"info","message":)";
  REQUIRE(line.substr(0, start.size()) == start);
  REQUIRE(line.substr(line.size() - 2) == "}\n");
  return line.substr(start.size(), line.size() - start.size() - 2);
}

}  // namespace

TEST_CASE("a line of text says the time, and names tool, level and message") {
  CHECK(Text("lag=3 topic=events") ==
        "2025-01-31T12:00:05.042Z rk-read: warning: lag=3 topic=events\n");
  CHECK(FormatLogLine(LogFormat::kPlainText, LogOrigin("rk-read"), LogLevel::kError, "why", kNow) ==
        "rk-read: error: why\n");
  const LogOrigin replica("rk-read", "credit/read/1");
  CHECK(FormatLogLine(LogFormat::kPlainText, replica, LogLevel::kError, "why", kNow) ==
        "rk-read[read.1]: error: why\n");
}

TEST_CASE("a message of several lines, or with a terminal's control codes, is one plain line") {
  CHECK_THAT(Text("first\nsecond\x1b[31m\r\x7f"),
             Catch::EndsWith("Z rk-read: warning: first second [31m  \n"));
  CHECK_THAT(Text("größer"), Catch::EndsWith("Z rk-read: warning: größer\n"));
}

TEST_CASE("a line of JSON is valid JSON whatever the message holds") {
  CHECK(JsonMessage("plain") == R"("plain")");
  CHECK(JsonMessage("a \"b\" \\ c\n\x01") == R"("a \"b\" \\ c\u000a\u0001")");
  CHECK(JsonMessage(std::string_view("\0", 1)) == R"("\u0000")");
  CHECK(JsonMessage("größer 漢字 🙂") == R"("größer 漢字 🙂")");
}

TEST_CASE("bytes that are no UTF-8 are replaced one by one") {
  const std::string r = "\xEF\xBF\xBD";
  CHECK(JsonMessage("a\xFFz") == "\"a" + r + "z\"");
  CHECK(JsonMessage("\xC3") == "\"" + r + "\"");
  CHECK(JsonMessage("\xC0\xAF") == "\"" + r + r + "\"");                  // an overlong slash
  CHECK(JsonMessage("\xE0\x80\xAF") == "\"" + r + r + r + "\"");          // and a longer one
  CHECK(JsonMessage("\xED\xA0\x80") == "\"" + r + r + r + "\"");          // half a surrogate pair
  CHECK(JsonMessage("\xF4\x90\x80\x80") == "\"" + r + r + r + r + "\"");  // past U+10FFFF
  CHECK(JsonMessage("\xF0\x9F\x99") == "\"" + r + r + r + "\"");          // cut short
}

TEST_CASE("messages below the level are dropped") {
  TestChild child([] {
    const Log log = StderrLog(std::make_shared<LogOrigin>("rk-write"), LogLevel::kWarning,
                              LogFormat::kPlainText);
    log(LogLevel::kDebug, "a");
    log(LogLevel::kInfo, "b");
    log(LogLevel::kWarning, "c");
    log(LogLevel::kError, "d");
    return 0;
  });
  CHECK(child.Wait() == 0);
  CHECK(child.err() == "rk-write: warning: c\nrk-write: error: d\n");
}

TEST_CASE("a line of JSON has the message's fields, and its message as it is") {
  CHECK(FormatLogLine(LogFormat::kJson, LogOrigin("rk-run", "p/s/0"), LogLevel::kError,
                      "died status=9", kNow) ==
        R"({"time":"2025-01-31T12:00:05.042Z","tool":"rk-run","pipeline":"p","stage":"s",)"
        R"("replica":0,"level":"error","message":"died status=9","fields":{"status":9}})"
        "\n");
}

TEST_CASE("warnings that repeat are counted, reports are not held up") {
  TestChild child([] {
    const Log log =
        StderrLog(std::make_shared<LogOrigin>("rk-read"), LogLevel::kInfo, LogFormat::kPlainText);
    for (int i = 0; i < 15; ++i) log(LogLevel::kWarning, "attempt " + std::to_string(i));
    for (int i = 0; i < 15; ++i) log(LogLevel::kInfo, "report");
    log(LogLevel::kWarning, "another");
    return 0;
  });
  CHECK(child.Wait() == 0);
  const std::string text = child.err();
  CHECK(text.find("warning: attempt 9\n") != std::string::npos);
  CHECK(text.find("warning: attempt 10\n") == std::string::npos);
  CHECK(std::ranges::count(text, '\n') == 10 + 15 + 1 + 1);
  CHECK_THAT(text, Catch::EndsWith("another\n"
                                   "rk-read: warning: 5 more lines like this one: attempt 14\n"));
}

}  // namespace rk
