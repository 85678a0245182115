#include "lib/stage/foreign_output.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/stage/standard_streams.h"
#include "lib/stage/stderr_log.h"
#include "tests/unit/stage/test_child.h"

namespace rk {
namespace {

using std::chrono::seconds;
using Lines = std::vector<std::string>;

// The lines that get through, at seconds that a test says.
class Filter {
 public:
  void Add(int second, std::string_view text) { lines_.Add(text, At(second), Take()); }
  explicit Filter(ForeignLines::Limit limit = ForeignLines::Limit::kAll) : lines_(limit) {}
  void End(int second) { lines_.End(At(second), Take()); }
  const Lines& taken() const { return taken_; }

 private:
  static ForeignLines::Time At(int second) { return ForeignLines::Time() + seconds(1000 + second); }
  ForeignLines::Take Take() {
    return [this](std::string_view line) { taken_.emplace_back(line); };
  }

  ForeignLines lines_;
  Lines taken_;
};

TEST_CASE("text comes as lines, however it is cut, and blank lines are none") {
  Filter filter;
  filter.Add(0, "one\ntw");
  CHECK(filter.taken() == Lines{"one"});
  filter.Add(0, "o\n\n  \nthree");
  filter.End(0);
  CHECK(filter.taken() == Lines{"one", "two", "three"});
}

TEST_CASE("of many lines ten in ten seconds get through, and the next says how many did not") {
  Filter filter;
  for (int i = 0; i < 8013; ++i) filter.Add(i % 10, "frame\n");
  CHECK(filter.taken().size() == 10);
  filter.Add(10, "later\n");
  REQUIRE(filter.taken().size() == 12);
  CHECK(filter.taken()[10] == "(8003 more lines)");
  CHECK(filter.taken()[11] == "later");
  for (int i = 0; i < 12; ++i) filter.Add(11, "again\n");
  filter.End(12);
  CHECK(filter.taken().size() == 22);
  CHECK(filter.taken().back() == "(3 more lines)");
}

TEST_CASE("of a user's program only lines that are alike are counted") {
  Filter filter(ForeignLines::Limit::kAlike);
  for (int i = 0; i < 12; ++i) filter.Add(0, "frame " + std::to_string(i) + "\n");
  for (int i = 0; i < 12; ++i) filter.Add(0, std::string(i + 1, 'x') + "\n");
  filter.End(0);
  REQUIRE(filter.taken().size() == 23);
  CHECK(filter.taken().back() == "(2 more lines like this one) frame 11");
}

TEST_CASE("a long line is cut, and the next is whole") {
  Filter filter;
  filter.Add(0, std::string(700, 'a'));
  filter.Add(0, std::string(700, 'b') + "\nnext\n");
  REQUIRE(filter.taken().size() == 2);
  CHECK(filter.taken()[0] == std::string(700, 'a') + std::string(300, 'b'));
  CHECK(filter.taken()[1] == "next");
}

TEST_CASE(
    "what is printed on both streams goes to the log, and the frames' stream has none of it") {
  TestChild child([] {
    const StandardStreams streams;
    const Log log = StderrLog(std::make_shared<LogOrigin>("rk-demo"), LogLevel::kInfo,
                              LogFormat::kPlainText, streams.error());
    const ForeignOutput foreign(log, streams.error());
    std::printf("by printf\n");
    (void)!write(STDERR_FILENO, "on stderr\n", 10);
    (void)!write(streams.output(), "frame", 5);
    return 0;
  });
  CHECK(child.Wait() == 0);
  CHECK(child.out() == "frame");
  CHECK(child.err() ==
        "rk-demo: info: printed by the model or a library: by printf\n"
        "rk-demo: info: printed by the model or a library: on stderr\n");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they see signals themselves
TEST_CASE(
    "the last words of a process that dies of a signal are heard, and it dies of that signal") {
  for (const int signal : {SIGABRT, SIGSEGV}) {
    TestChild child([signal] {
      const StandardStreams streams;
      const ForeignOutput foreign(StderrLog(std::make_shared<LogOrigin>("rk-demo"), LogLevel::kInfo,
                                            LogFormat::kText, streams.error()),
                                  streams.error());
      (void)!write(STDERR_FILENO, "free(): invalid pointer\n", 24);
      if (signal == SIGABRT) std::abort();
      raise(signal);
      return 0;
    });
    CHECK(child.Wait() == 128 + signal);
    CHECK(child.err().find("free(): invalid pointer\n") != std::string::npos);
  }
}

TEST_CASE("last words are lines of JSON where the log is, whoever of the two hears them") {
  for (int round = 0; round < 10; ++round) {
    TestChild child([] {
      const StandardStreams streams;
      const auto origin = std::make_shared<LogOrigin>("rk-a", "p/s/0");
      const ForeignOutput foreign(
          StderrLog(origin, LogLevel::kInfo, LogFormat::kJson, streams.error()), streams.error(),
          {"a library", ForeignLines::Limit::kAll, origin->Json()});
      const std::string words = "assertion \"a\\b\" \x01 failed\nabort";
      (void)!write(STDERR_FILENO, words.data(), words.size());
      std::abort();
      return 0;
    });
    CHECK(child.Wait() == 128 + SIGABRT);
    std::istringstream lines(child.err());
    std::string line;
    size_t first = 0;
    while (std::getline(lines, line)) {
      INFO(line);
      CHECK(line.ends_with("\"}"));
      CHECK(line.find(R"("tool":"rk-a","pipeline":"p","stage":"s","replica":0,"level":)") <= 35);
      first += line.find(R"(assertion \"a\\b\")") != std::string::npos ? 1 : 0;
    }
    CHECK(first == 1);
  }
}
#endif

}  // namespace
}  // namespace rk
