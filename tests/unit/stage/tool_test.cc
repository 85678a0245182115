#include "lib/stage/tool.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <new>
#include <regex>
#include <sstream>
#include <system_error>
#include <thread>

#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/stage/exit_code.h"
#include "lib/stage/link_options.h"
#include "lib/stage/version.h"
#include "tests/unit/link/test_directory.h"
#include "tests/unit/stage/test_child.h"

namespace rk {
namespace {

const ToolInfo kInfo = {"rk-demo", "Does nothing, for the tests.", "Example:\n  rk-demo -n 3"};

using std::chrono::milliseconds;
using Run = std::function<void(Stage&)>;

// rk-demo with `arguments`, in a process of its own. It counts one record before `run`.
class Demo {
 public:
  explicit Demo(
      std::vector<std::string> arguments, const Run& run = [](Stage&) {})
      : child_([&] { return Main(std::move(arguments), run); }) {}

  TestChild& child() { return child_; }
  int Wait() { return child_.Wait(); }
  const std::string& out() const { return child_.out(); }
  const std::string& err() const { return child_.err(); }

 private:
  static int Main(std::vector<std::string> arguments, const Run& run) {
    arguments.insert(arguments.begin(), "/usr/bin/rk-demo");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int number = 0;
    LinkOptions links;
    const auto add_options = [&](CLI::App& app) {
      app.add_option("-n,--number", number, "how many");
      AddInputOptions(app, links);
      AddOutputOptions(app, links);
    };
    return ToolMain(kInfo, static_cast<int>(arguments.size()), argv.data(), add_options,
                    [&](Stage& stage) {
                      stage.metrics.Counter("records_in").Add(1);
                      run(stage);
                    });
  }

  TestChild child_;
};

std::string ReadAll(const TestPipe& pipe) {
  std::string text;
  char bytes[4096];
  while (true) {
    const ssize_t count = read(pipe.in(), bytes, sizeof bytes);
    if (count <= 0) return text;
    text.append(bytes, static_cast<size_t>(count));
  }
}

// Of a log whose lines all begin with a time, what is behind that.
std::string WithoutTimes(const std::string& log) {
  static const std::regex kTime(R"(^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z )");
  std::istringstream lines(log);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(std::regex_search(line, kTime));
    text += std::regex_replace(line, kTime, "") + '\n';
  }
  return text;
}

Run Throwing(ErrorKind kind) {
  return [kind](Stage&) { throw Error(kind, "topic 'events' is not there: make it"); };
}

}  // namespace

TEST_CASE("what anybody prints in a stage does not go where its frames go") {
  Demo demo({"-q"}, [](Stage& stage) {
    std::printf("chatter of a library");
    (void)!write(stage.output, "frames", 6);
  });
  CHECK(demo.Wait() == 0);
  CHECK(demo.out() == "frames");
  CHECK(demo.err() == "chatter of a library");
}

TEST_CASE("a tool that has done its work exits 0") {
  Demo demo({"-q", "-n", "3"});
  CHECK(demo.Wait() == 0);
  CHECK(demo.out().empty());
  CHECK(demo.err().empty());
}

TEST_CASE("help goes to stdout, fits a screen and ends with the example") {
  Demo demo({GENERATE("-h", "--help")});
  CHECK(demo.Wait() == 0);
  CHECK(demo.err().empty());
  CHECK_THAT(demo.out(), Catch::Contains("Usage: rk-demo") && Catch::Contains("--drain-timeout") &&
                             Catch::EndsWith("Example:\n  rk-demo -n 3\n"));
  CHECK(std::count(demo.out().begin(), demo.out().end(), '\n') < 30);
}

TEST_CASE("the version goes to stdout") {
  Demo demo({"--version"});
  CHECK(demo.Wait() == 0);
  CHECK(demo.out() == "rk-demo " + Version() + "\n");
  CHECK(demo.err().empty());
}

TEST_CASE("wrong usage is one line that names what is wrong and where to look, and exit 64") {
  const std::vector<std::string> arguments = GENERATE(values<std::vector<std::string>>({
      {"--numbr", "3"},
      {"extra"},
      {"-n"},
      {"-n", "many"},
      {"--log-format", "xml"},
      {"--report-interval", "-1"},
      {"--drain-timeout", "nan"},
      {"--drain-timeout", "1e9"},
      {"--max-frame", "big"},
  }));
  Demo demo(arguments);
  CHECK(demo.Wait() == kExitUsage);
  CHECK(demo.out().empty());
  CHECK_THAT(demo.err(), Catch::StartsWith("rk-demo: error: ") && Catch::Contains(arguments[0]) &&
                             Catch::EndsWith("(try 'rk-demo --help')\n"));
  CHECK(std::count(demo.err().begin(), demo.err().end(), '\n') == 1);
}

TEST_CASE("every kind of error has its exit status, and is one line") {
  const auto [kind, status] = GENERATE(table<ErrorKind, int>({
      {ErrorKind::kUsage, 64},
      {ErrorKind::kBadData, 65},
      {ErrorKind::kMissing, 66},
      {ErrorKind::kUnavailable, 69},
      {ErrorKind::kBug, 70},
      {ErrorKind::kIo, 74},
      {ErrorKind::kTryAgain, 75},
      {ErrorKind::kNotAuthorised, 77},
      {ErrorKind::kConfiguration, 78},
      {ErrorKind::kBrokenPipe, 141},
  }));
  Demo demo({"-q"}, Throwing(kind));
  CHECK(demo.Wait() == status);
  // An end that has enough is no error.
  const bool quiet = kind == ErrorKind::kBrokenPipe;
  // Nor has a time what is said of the command, to who typed it.
  CHECK((kind == ErrorKind::kUsage ? demo.err() : WithoutTimes(demo.err())) ==
        (quiet ? "" : "rk-demo: error: topic 'events' is not there: make it\n"));
}

TEST_CASE("an exception that is no Error says what the machine lacks, or that it is a bug") {
  Demo memory({"-q"}, [](Stage&) { throw std::bad_alloc(); });
  CHECK(memory.Wait() == 75);
  Demo descriptors({"-q"}, [](Stage&) {
    throw std::system_error(EMFILE, std::generic_category(), "cannot start a thread");
  });
  CHECK(descriptors.Wait() == 74);
  CHECK_THAT(descriptors.err(), Catch::Contains("Too many open files"));
  Demo bug({"-q"}, [](Stage&) { throw std::logic_error("below zero"); });
  CHECK(bug.Wait() == 70);
  CHECK(WithoutTimes(bug.err()) == "rk-demo: error: this is a bug: below zero\n");
}

TEST_CASE("totals come before the error that ends the tool") {
  Demo demo({}, Throwing(ErrorKind::kIo));
  CHECK(demo.Wait() == 74);
  CHECK_THAT(WithoutTimes(demo.err()),
             Catch::Matches("rk-demo: info: total [^\n]*records_in=1 [^\n]*\n"
                            "rk-demo: error: topic [^\n]*\n"));
}

TEST_CASE("by default info is shown, with -v more, with -q errors only") {
  const Run run = [](Stage& stage) {
    stage.log(LogLevel::kDebug, "debug");
    stage.log(LogLevel::kInfo, "info");
    stage.log(LogLevel::kError, "error");
  };
  const auto [flag, shown] = GENERATE(table<std::string, std::string>({
      {"-v", "rk-demo: debug: debug\nrk-demo: info: info\nrk-demo: error: error\n"},
      {"--", "rk-demo: info: info\nrk-demo: error: error\n"},
      {"-q", "rk-demo: error: error\n"},
  }));
  Demo demo({"--report-interval", "0", flag == "--" ? "-n1" : flag}, run);
  CHECK(demo.Wait() == 0);
  CHECK(WithoutTimes(demo.err()) == shown);
}

TEST_CASE("RK_LOG_FORMAT sets the format, and --log-format is stronger") {
  const TestEnvironment format("RK_LOG_FORMAT", "json");
  Demo json({}, Throwing(ErrorKind::kIo));
  CHECK(json.Wait() == 74);
  CHECK_THAT(json.err(), Catch::StartsWith("{\"time\":"));
  Demo text({"--log-format=text"}, Throwing(ErrorKind::kIo));
  CHECK(text.Wait() == 74);
  CHECK_THAT(WithoutTimes(text.err()), Catch::StartsWith("rk-demo: "));
}

TEST_CASE("lines that go to the journal have no time of their own") {
  const auto logged = [](bool theirs) {
    TestChild child([theirs] {
      struct stat stream {};
      fstat(STDERR_FILENO, &stream);
      const auto name = std::to_string(stream.st_dev) + ":" + std::to_string(stream.st_ino);
      setenv("JOURNAL_STREAM", (theirs ? name : name + "1").c_str(), 1);
      char tool[] = "rk-demo";
      char check[] = "--check";
      char* argv[] = {tool, check, nullptr};
      return ToolMain(
          kInfo, 2, argv, [](CLI::App&) {}, [](Stage&) {});
    });
    CHECK(child.Wait() == 0);
    return child.err();
  };
  CHECK(logged(true) == "rk-demo: info: check passed: it could start\n");
  CHECK(WithoutTimes(logged(false)) == "rk-demo: info: check passed: it could start\n");
}

TEST_CASE("a tool that is told to drain has --drain-timeout for it") {
  const Run run = [](Stage& stage) {
    stage.log(LogLevel::kError, "ready");
    pollfd waiting = {stage.signals.drain_fd(), POLLIN, 0};
    poll(&waiting, 1, 5000);
    if (stage.drain_timeout == std::chrono::milliseconds(250)) {
      std::this_thread::sleep_for(std::chrono::seconds(5));
    }
  };
  Demo in_time({"--drain-timeout", "4"}, run);
  REQUIRE(in_time.child().AwaitErr("ready"));
  in_time.child().Signal(SIGTERM);
  CHECK(in_time.Wait() == 0);
  Demo too_long({"--drain-timeout", "0.25"}, run);
  REQUIRE(too_long.child().AwaitErr("ready"));
  too_long.child().Signal(SIGTERM);
  CHECK(too_long.Wait() == 75);
}

TEST_CASE("reports come at --report-interval") {
  Demo demo({"--report-interval", "0.05"},
            [](Stage&) { std::this_thread::sleep_for(std::chrono::seconds(5)); });
  CHECK(demo.child().AwaitErr("rk-demo: info: report records_in=1 "));
}

TEST_CASE(
    "a supervisor is told when the stage is ready, and its metrics each second and at the end") {
  TestPipe status;
  Demo demo({"-q", "--status-fd", std::to_string(status.out())}, [](Stage& stage) {
    stage.Ready();
    std::this_thread::sleep_for(milliseconds(1500));
    stage.metrics.Counter("records_in").Add(1);
  });
  CHECK(demo.Wait() == 0);
  status.CloseOut();
  CHECK(ReadAll(status) == "ready\nmetrics rk_records_in_total=1\nmetrics rk_records_in_total=2\n");
}

TEST_CASE("a supervisor is told that a stage ends because of a signal") {
  TestPipe status;
  Demo demo({"--report-interval", "0", "--status-fd", std::to_string(status.out())},
            [](Stage& stage) {
              stage.log(LogLevel::kInfo, "ready");
              pollfd waiting = {stage.signals.drain_fd(), POLLIN, 0};
              poll(&waiting, 1, 5000);
            });
  REQUIRE(demo.child().AwaitErr("ready"));
  demo.child().Signal(SIGTERM);
  CHECK(demo.Wait() == 0);
  status.CloseOut();
  CHECK(ReadAll(status) == "drained\nmetrics rk_records_in_total=1\n");
}

TEST_CASE("with --print-options a tool says what was parsed, and does not run") {
  Demo demo({"--print-options", "-n7", "--max-frame", "1MiB"},
            [](Stage&) { throw Error(ErrorKind::kBug, "it ran"); });
  CHECK(demo.Wait() == 0);
  CHECK(demo.err().empty());
  CHECK_THAT(demo.out(),
             Catch::Contains(R"("given":["--number","--max-frame","--print-options"])") &&
                 Catch::Contains(R"("--number":["7"])") &&
                 Catch::Contains(R"("--max-frame":["1048576"])") &&
                 Catch::Contains(R"("--prefetch":["2"])"));  // the default
}

TEST_CASE("a value that a hidden option refuses is refused under its name, and stays hidden") {
  Demo demo({"--completion", "fish"});
  CHECK(demo.Wait() == kExitUsage);
  CHECK_THAT(demo.err(), Catch::StartsWith("rk-demo: error: --completion: "));
  Demo help({"--help"});
  CHECK(help.Wait() == 0);
  CHECK_THAT(help.out(), !Catch::Contains("--completion") && !Catch::Contains("Hidden"));
}

TEST_CASE("a supervisor that is gone, or does not read, does no harm") {
  TestPipe gone;
  gone.CloseIn();
  Demo alone({"--status-fd", std::to_string(gone.out())}, [](Stage& stage) { stage.Ready(); });
  CHECK(alone.Wait() == 0);
  TestPipe full;
  fcntl(full.out(), F_SETFL, O_NONBLOCK);
  while (write(full.out(), "x", 1) == 1) continue;
  fcntl(full.out(), F_SETFL, 0);
  const auto began = std::chrono::steady_clock::now();
  Demo unread({"--status-fd", std::to_string(full.out())}, [](Stage& stage) { stage.Ready(); });
  CHECK(unread.Wait() == 0);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(2));
}

TEST_CASE("the last metrics come also of a stage that fails") {
  TestPipe status;
  Demo demo({"-q", "--status-fd", std::to_string(status.out())}, Throwing(ErrorKind::kIo));
  CHECK(demo.Wait() == 74);
  status.CloseOut();
  CHECK(ReadAll(status) == "metrics rk_records_in_total=1\n");
}

TEST_CASE("a status descriptor that is not open for writing is refused") {
  TestPipe status;
  const std::string read_end = std::to_string(status.in());
  const std::string number = GENERATE_COPY(as<std::string>{}, "700", read_end, "-1", "one");
  Demo demo({"--status-fd", number});
  CHECK(demo.Wait() == kExitUsage);
  CHECK_THAT(demo.err(), Catch::Contains("--status-fd") && Catch::Contains(number));
}

TEST_CASE("a check says that it passed, or what a start would say") {
  Demo good({"--check"}, [](Stage& stage) {
    if (!stage.check) throw Error(ErrorKind::kBug, "not a check");
  });
  CHECK(good.Wait() == 0);
  CHECK(WithoutTimes(good.err()) == "rk-demo: info: check passed: it could start\n");
  Demo bad({"--check"}, Throwing(ErrorKind::kMissing));
  CHECK(bad.Wait() == 66);
  CHECK(WithoutTimes(bad.err()) == "rk-demo: error: topic 'events' is not there: make it\n");
}

}  // namespace rk
