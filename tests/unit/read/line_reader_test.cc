#include "lib/read/line_reader.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <ctime>
#include <fstream>
#include <future>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/batch/make_batch.h"
#include "tests/unit/link/test_directory.h"
#include "tests/unit/link/test_pipe.h"
#include "tests/unit/read/fake_sink.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;
using Ranges = std::vector<OffsetRange>;
using Values = std::vector<std::string>;

/// A reader of lines on a thread of its own, with a clock that only the test moves, and a writer's
/// end of the acknowledgement channel.
struct Fixture {
  ~Fixture() {
    if (!running.valid()) return;
    pipe.CloseOut();
    while (running.wait_for(milliseconds(5)) != std::future_status::ready) Acknowledge();
  }

  /// Reads a file of this text.
  void Start(const std::string& text) {
    options.path = parent.path() + "/lines";
    std::ofstream(options.path) << text;
    Start();
  }
  /// Reads what is written to the pipe.
  void StartWithPipe() {
    options.path = "/dev/fd/" + std::to_string(pipe.in());
    Start();
  }
  void Start() {
    options.now = [this] { return Clock::time_point(now.load()); };
    reader = std::make_unique<LineReader>(options, sink, stage);
    running = std::async(std::launch::async, [this] { reader->Run(); });
  }
  /// The same until its end, each batch acknowledged as it comes: the batches' ranges.
  Ranges ReadAll(const std::string& text) {
    Start(text);
    while (running.wait_for(milliseconds(2)) != std::future_status::ready) Acknowledge();
    running.get();
    Ranges ranges;
    for (size_t i = 0; i < sink.sent_count(); ++i) ranges.push_back(RangeOf(sink.sent(i)));
    return ranges;
  }
  /// Whatever was sent and is not acknowledged yet.
  void Acknowledge() {
    for (; acknowledged < sink.sent_count(); ++acknowledged) {
      const Frame frame = sink.sent(acknowledged);
      AckMessage message;
      message.kind = AckKind::kAck;
      message.partition = {std::string(frame.info().topic), frame.info().partition};
      message.epoch = frame.info().epoch;
      message.ranges = {RangeOf(frame)};
      writer.Send(std::string(frame.info().ack_endpoint), message);
    }
  }
  Values SentValues() {
    Values values;
    for (size_t i = 0; i < sink.sent_count(); ++i) {
      const Frame frame = sink.sent(i);
      for (size_t r = 0; r < frame.record_count(); ++r)
        values.emplace_back(frame.record(r).value.value_or("null"));
    }
    return values;
  }
  size_t CountLogged(const std::string& text) {
    const std::lock_guard lock(log_mutex);
    return static_cast<size_t>(std::ranges::count_if(
        logged, [&](const auto& line) { return line.find(text) != std::string::npos; }));
  }
  bool Runs() { return running.wait_for(milliseconds(0)) != std::future_status::ready; }

  TestDirectory parent;
  TestEnvironment environment{"RK_RUNTIME_DIR", parent.path() + "/run"};
  std::mutex log_mutex;
  std::vector<std::string> logged;
  Log log = [this](LogLevel, std::string_view text) {
    const std::lock_guard lock(log_mutex);
    logged.emplace_back(text);
  };
  std::atomic<Clock::duration> now{std::chrono::hours(5)};
  Signals signals{seconds(9), log};
  Metrics metrics;
  Stage stage{"rk-read", log, signals, metrics, seconds(5)};
  LineReaderOptions options;
  FakeSink sink;
  TestPipe pipe;
  AckClient writer{log};
  size_t acknowledged = 0;
  std::unique_ptr<LineReader> reader;
  std::future<void> running;
};

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "a line is a record's value and its number the offset, empty ones aside") {
  // Whether the last line has an end is known when the file's is.
  CHECK(ReadAll("one\n\nthree\nlast") == Ranges{{0, 3}, {3, 4}});
  const Frame frame = sink.sent(0);
  const BatchInfo& info = frame.info();
  CHECK(info.topic == options.path);
  CHECK(info.partition == 0);
  CHECK(info.group.empty());
  CHECK(info.earliest_timestamp_ms == info.read_time_ns / 1'000'000);
  CHECK(info.read_time_ns > 1'600'000'000'000'000'000);
  CHECK(OffsetsOf(frame) == std::vector<int64_t>{0, 2});
  CHECK(SentValues() == Values{"one", "three", "last"});
  CHECK_FALSE(frame.record(0).key);
  CHECK(frame.record(1).timestamp_ms == info.earliest_timestamp_ms);
  CHECK(frame.record(1).timestamp_type == TimestampType::kCreateTime);
  CHECK(sink.finished);
  CHECK(metrics.Counter("records").value() == 3);
  CHECK(metrics.Counter("batches").value() == 2);
  CHECK(metrics.Histogram("end_to_end_seconds").value().count() == 3);
  CHECK(metrics.Histogram("end_to_end_seconds").value().Quantile(0.99) < 30);
  CHECK(metrics.Counter("bytes").value() == frame.bytes().size() + sink.sent(1).bytes().size());
}

TEST_CASE_METHOD(Fixture, "a batch has no more records than it may") {
  options.batch_records = 2;
  CHECK(ReadAll("a\nb\nc\nd\ne\n") == Ranges{{0, 2}, {2, 4}, {4, 5}});
  CHECK(SentValues() == Values{"a", "b", "c", "d", "e"});
}

TEST_CASE_METHOD(Fixture, "a batch has no more bytes than it may, but for one line") {
  options.batch_bytes = 20;
  CHECK(ReadAll("123456789\n123456789\n1\n" + std::string(50, 'x') + "\n1\n") ==
        Ranges{{0, 2}, {2, 3}, {3, 4}, {4, 5}});
}

TEST_CASE_METHOD(Fixture, "empty lines belong to the batch behind them, or to none at the end") {
  options.batch_records = 1;
  CHECK(ReadAll("\n\nx\n\n\ny\n\n\n") == Ranges{{0, 3}, {3, 6}});
  CHECK(OffsetsOf(sink.sent(1)) == std::vector<int64_t>{5});
}

TEST_CASE_METHOD(Fixture, "lines are counted to the record") {
  options.batch_records = 2;
  options.count = 3;
  CHECK(ReadAll("a\nb\nc\nd\ne\n") == Ranges{{0, 2}, {2, 3}});
}

TEST_CASE_METHOD(Fixture, "lines are read until all of them are acknowledged, and only then end") {
  Start("a\n");
  REQUIRE(sink.WaitForSent(1));
  std::this_thread::sleep_for(milliseconds(100));
  CHECK(Runs());
  CHECK_FALSE(sink.finished);
  Acknowledge();
  running.get();
  CHECK(sink.finished);
}

TEST_CASE_METHOD(Fixture,
                 "what has come leaves at once, and an unfinished line waits for its end") {
  StartWithPipe();
  pipe.Write("one\ntw");
  REQUIRE(sink.WaitForSent(1));
  CHECK(SentValues() == Values{"one"});
  pipe.Write("o\n");
  REQUIRE(sink.WaitForSent(2));
  CHECK(SentValues() == Values{"one", "two"});
}

TEST_CASE_METHOD(Fixture, "standard input is read where the path says so") {
  const int before = dup(STDIN_FILENO);
  dup2(pipe.in(), STDIN_FILENO);
  options.path = "-";
  Start();
  dup2(before, STDIN_FILENO);
  close(before);
  pipe.Write("one\n");
  REQUIRE(sink.WaitForSent(1));
  CHECK(sink.sent(0).info().topic == "-");
}

TEST_CASE_METHOD(Fixture, "what does not fit in the window stays in the pipe, and costs no time") {
  options.window.window_batches = 1;
  StartWithPipe();
  pipe.Write("one\n");
  REQUIRE(sink.WaitForSent(1));
  const std::clock_t before = std::clock();
  pipe.Write("two\n");
  std::this_thread::sleep_for(milliseconds(100));
  pipe.Write("three\n");
  std::this_thread::sleep_for(milliseconds(1200));  // more than a tick
  CHECK(std::clock() - before < CLOCKS_PER_SEC / 4);
  int waiting = 0;
  REQUIRE(ioctl(pipe.in(), FIONREAD, &waiting) == 0);
  CHECK(waiting >= 6);
  CHECK(sink.sent_count() == 1);
  Acknowledge();
  REQUIRE(sink.WaitForSent(2));
  CHECK(SentValues() == Values{"one", "two"});
}

TEST_CASE_METHOD(Fixture, "a reader of lines that has nothing to read sleeps") {
  StartWithPipe();
  const std::clock_t before = std::clock();
  std::this_thread::sleep_for(milliseconds(400));
  CHECK(std::clock() - before < CLOCKS_PER_SEC / 5);
}

TEST_CASE_METHOD(Fixture, "a drain reads no more lines, and waits for what is in flight") {
  StartWithPipe();
  pipe.Write("one\n");
  REQUIRE(sink.WaitForSent(1));
  kill(getpid(), SIGTERM);
  signals.OnReadable();
  pipe.Write("two\n");
  std::this_thread::sleep_for(milliseconds(100));
  CHECK(Runs());
  Acknowledge();
  running.get();
  CHECK(SentValues() == Values{"one"});
  CHECK(sink.finished);
}

TEST_CASE_METHOD(Fixture, "what nobody acknowledges is warned of, and on a lossy link sent again") {
  sink.is_lossy = GENERATE(true, false);
  StartWithPipe();
  pipe.Write("one\n");
  REQUIRE(sink.WaitForSent(1));
  std::this_thread::sleep_for(milliseconds(1100));  // a look at the clock: the times begin
  now = now.load() + seconds(62);
  std::this_thread::sleep_for(milliseconds(1100));
  CHECK(CountLogged("nothing was acknowledged for 10 s") == 1);
  CHECK(sink.sent_count() == (sink.is_lossy ? 2 : 1));
}

TEST_CASE_METHOD(Fixture, "a link that breaks ends the reading of lines") {
  sink.send_error.emplace(ErrorKind::kBrokenPipe, "the next stage is gone");
  Start("a\n");
  CHECK_THROWS_WITH(running.get(), "the next stage is gone");
}

TEST_CASE_METHOD(Fixture, "a line that is too long is bad data, named by its number") {
  options.longest_line = 20;
  StartWithPipe();
  pipe.Write("a\nb\n" + std::string(15, 'x'));
  REQUIRE(sink.WaitForSent(1));
  CHECK(Runs());
  pipe.Write(std::string(6, 'x'));
  CHECK_THROWS_WITH(running.get(),
                    Catch::Contains(options.path + ": line 3 is longer than 20 bytes"));
}

TEST_CASE_METHOD(Fixture, "a file that is not there is missing, and named") {
  options.path = parent.path() + "/nowhere";
  for (const auto& open : std::vector<std::function<void()>>{
           [&] { LineReader(options, sink, stage); }, [&] { CheckLines(options.path); }}) {
    try {
      open();
      FAIL("it is opened");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::kMissing);
      CHECK(error.what() == options.path + ": No such file or directory");
    }
  }
  CHECK_NOTHROW(CheckLines("/dev/null"));
}

}  // namespace rk
