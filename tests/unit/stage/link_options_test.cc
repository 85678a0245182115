#include "lib/stage/link_options.h"

#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>

#include "lib/batch/error.h"

namespace rk {
namespace {

LinkOptions Parse(const std::string& line) {
  LinkOptions options;
  CLI::App app;
  AddInputOptions(app, options);
  AddOutputOptions(app, options);
  app.parse(line);
  return options;
}

}  // namespace

TEST_CASE("links are pipes, and frames 64 MiB at most, unless something else is said") {
  const LinkOptions options = Parse("");
  CHECK(options.in == "-");
  CHECK(options.out == "-");
  CHECK(options.max_frame == 64 * 1024 * 1024);
}

TEST_CASE("the option --max-frame takes bytes and the usual units") {
  CHECK(Parse("--max-frame 4096").max_frame == 4096);
  CHECK(Parse("--max-frame 16MiB").max_frame == 16 * 1024 * 1024);
}

TEST_CASE("an endpoint that nobody knows is refused with its name") {
  LinkOptions options;
  options.in = options.out = "carrier-pigeon";
  CHECK_THROWS_WITH(OpenSource(options), Catch::Contains("--in carrier-pigeon"));
  CHECK_THROWS_WITH(OpenSink(options), Catch::Contains("--out carrier-pigeon"));
}

}  // namespace rk
