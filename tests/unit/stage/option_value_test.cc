#include "lib/stage/option_value.h"

#include <catch2/catch.hpp>

namespace rk {
namespace {

enum class Colour : uint8_t { kRed, kBlue };

struct Taken {
  uint64_t count = 0;
  double number = 0;
  uint64_t size = 0;
  double time_ms = 0;
  std::string word;
  Colour colour = Colour::kRed;
  std::string name;
};

Taken Parse(const std::string& line) {
  Taken taken;
  CLI::App app;
  app.add_option("--count", taken.count)->transform(WholeNumber(1));
  app.add_option("--number", taken.number)->transform(NumberBetween(0.001, 1e9));
  app.add_option("--size", taken.size)->transform(SizeBetween(1));
  app.add_option("--time", taken.time_ms)->transform(TimeUpTo(60e3));
  app.add_option("--word", taken.word)->transform(OneOf({"exit", "retry", "skip"}));
  app.add_option("--colour", taken.colour)
      ->transform(WordFor<Colour>({{"blue", Colour::kBlue}, {"red", Colour::kRed}}));
  auto* name = app.add_option("--name", taken.name);
  app.add_flag("--nameless")->excludes(name);
  app.parse(line);
  return taken;
}

std::string ReasonOf(const std::string& line) {
  try {
    Parse(line);
  } catch (const CLI::ParseError& error) {
    return UsageReason(error);
  }
  return "none";
}

}  // namespace

TEST_CASE("values of options are read as people write them") {
  CHECK(Parse("--count 7").count == 7);
  CHECK(Parse("--count 010").count == 10);
  CHECK(Parse("--count 1099511627776").count == kMostOptionValue);
  CHECK(Parse("--number 2.5").number == 2.5);
  CHECK(Parse("--number 1e9").number == 1e9);
  CHECK(Parse("--size 4096").size == 4096);
  CHECK(Parse("--size 64KiB").size == 65536);
  CHECK(Parse("--time 500us").time_ms == 0.5);
  CHECK(Parse("--time 5").time_ms == 5);
  CHECK(Parse("--word skip").word == "skip");
  CHECK(Parse("--colour blue").colour == Colour::kBlue);
}

TEST_CASE("a value that an option does not take is told with all that it takes") {
  for (const char* bad :
       {"0", "-1", "abc", "1.5", "0x10", "1099511627777", "99999999999999999999999999999999999"}) {
    CHECK(ReasonOf(fmt::format("--count='{}'", bad)) ==
          fmt::format("--count: '{}' is not a whole number from 1 to 1099511627776", bad));
  }
  for (const char* bad : {"0", "-1", "nan", "inf", "1e400", "x"}) {
    CHECK(ReasonOf(fmt::format("--number={}", bad)) ==
          fmt::format("--number: '{}' is not a number from 0.001 to 1000000000", bad));
  }
  for (const char* bad : {"0", "-1", "-1KiB", "big", "1e30", "4 miles", "9999999TiB"}) {
    CHECK(ReasonOf(fmt::format("--size='{}'", bad)) ==
          fmt::format("--size: '{}' is not a size from 1 to 1099511627776 bytes, such as 4096, "
                      "64KiB or 1MiB",
                      bad));
  }
  for (const char* bad : {"-1", "61s", "5h", "soon"}) {
    CHECK(
        ReasonOf(fmt::format("--time={}", bad)) ==
        fmt::format("--time: '{}' is not a time from 0 to 60000ms, such as 500us, 5ms or 1s", bad));
  }
  CHECK(ReasonOf("--word stop") == "--word: 'stop' is not exit, retry or skip");
  CHECK(ReasonOf("--colour 1") == "--colour: '1' is not blue or red");
}

TEST_CASE("what is wrong with a command line is told without the parser's own types") {
  CHECK(ReasonOf("--count") == "--count needs a value");
  CHECK(ReasonOf("--name a --name b") == "--name is given more than once: which one counts?");
  CHECK(ReasonOf("--nameless --name a") == "--name and --nameless exclude each other");
}

}  // namespace rk
