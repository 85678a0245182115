#include "lib/stage/link_options.h"

#include <filesystem>

#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>

#include "lib/link/key_folder.h"
#include "tests/unit/link/test_keys.h"

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

TEST_CASE("an endpoint that nobody knows is refused when the command line is read") {
  CHECK_THROWS_WITH(Parse("--in carrier-pigeon"), Catch::Contains("--in: 'carrier-pigeon' is no"));
  CHECK_THROWS_WITH(Parse("--out ipc://here"), Catch::Contains("--out: 'ipc://here' is no"));
  CHECK(Parse("--in @ipc:///tmp/a --out ipc:///tmp/b").in == "@ipc:///tmp/a");
}

TEST_CASE("keys are read once, whatever a stage has to do with them") {
  const TestKeys keys;
  LinkOptions options;
  options.keys = keys.path();
  options.out = "@tcp://127.0.0.1:0";
  CheckLinks(options);
  const auto loaded = LoadKeys(options);
  std::filesystem::remove(keys.path() + "/own.key_secret");
  CHECK(LoadKeys(options) == loaded);
  CHECK(AckAddress(options)->keys == loaded);
  CHECK_NOTHROW(CheckLinks(options));
}

TEST_CASE("an address that this machine has not is refused before anything binds it") {
  const TestKeys keys;
  LinkOptions options;
  options.keys = keys.path();
  options.out = "@tcp://203.0.113.7:7000/infer";
  CHECK_THROWS_WITH(CheckLinks(options), Catch::Contains("203.0.113.7 is no address of this"));
}

}  // namespace rk
