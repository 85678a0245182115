#include "lib/write/writer.h"

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/kafka/consumer.h"
#include "lib/kafka/mock_broker.h"
#include "lib/kafka/producer.h"
#include "tests/unit/write/reader_end.h"
#include "tests/unit/write/scripted_source.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr seconds kPatience{10};

/// A broker with the topics out and out.dlq, of one partition each, and a reader's end of the
/// acknowledgement channel.
struct Fixture {
  Log log = [](LogLevel, std::string_view) {};
  RuntimePlace place;
  ReaderEnd reader{place};
  MockBroker broker{log};
  ScriptedSource source;
  WriterOptions options;
  FailureTally failures{log};
  std::vector<AckMessage> answers;

  Fixture() {
    broker.CreateTopic("out", 1);
    broker.CreateTopic("out.dlq", 1);
  }

  Frame Batch(int64_t first, int64_t next, int64_t epoch = kEpoch) const {
    return MakeBatch(reader.Info({first, next}, epoch));
  }

  ClientSettings client() const { return {broker.address(), {}}; }

  void Run() {
    Signals signals(seconds(9), log);
    Metrics metrics;
    Stage stage{"rk-write", log, signals, metrics, seconds(5)};
    Producer producer({client(), {"out", 1}, {"out.dlq", 1}, std::nullopt, {}, nullptr}, failures,
                      log);
    Poller poller;
    Writer(options, source, producer, failures, stage, poller).Run();
  }
  ErrorKind RunAndFail() {
    try {
      Run();
    } catch (const Error& error) {
      return error.kind();
    }
    FAIL("no error");
    return ErrorKind::kBug;
  }

  /// True once the reader was told something more than hello; never blocks.
  bool HasAnswer() {
    const auto message = reader.server.TryReceive();
    if (message && message->kind != AckKind::kHello) answers.push_back(*message);
    return !answers.empty();
  }
  /// What the reader was told, without hellos, once it was told `kind`.
  void TakeAnswersUntil(AckKind kind) {
    const auto deadline = Clock::now() + kPatience;
    while (Clock::now() < deadline) {
      const auto message = reader.server.TryReceive();
      if (message && message->kind != AckKind::kHello) answers.push_back(*message);
      if (message && message->kind == kind) return;
    }
    FAIL("the reader was not told");
  }
  /// The ranges acknowledged, until `next` is.
  std::vector<OffsetRange> AcknowledgedUntil(int64_t next) {
    std::vector<OffsetRange> ranges;
    while (ranges.empty() || ranges.back().next != next) {
      TakeAnswersUntil(AckKind::kAck);
      const auto& more = answers.back().ranges;
      ranges.insert(ranges.end(), more.begin(), more.end());
    }
    return ranges;
  }

  /// The values of all records of a topic's one partition.
  std::vector<std::string> ValuesOf(const std::string& topic) const {
    const auto consumer = MakeConsumer({client(), "", "", 1}, log);
    const TopicPartition partition{topic, 0};
    consumer->Assign({{partition, 0}});
    BatchInfo info = MakeInfo({0, 0}, kEpoch, partition);
    std::vector<std::string> values;
    const auto deadline = Clock::now() + kPatience;
    while (Clock::now() < deadline) {
      consumer->Poll();
      const Consumer::Fetched fetched = consumer->Fetch(info, {});
      if (fetched.frame) {
        info.first_offset = fetched.frame->info().next_offset;
        for (size_t i = 0; i < fetched.frame->record_count(); ++i) {
          values.emplace_back(fetched.frame->record(i).value.value_or("null"));
        }
      }
      if (fetched.end_offset) return values;
    }
    FAIL("the topic's end was not reached");
    return values;
  }

  static std::vector<std::string> ValuesFrom(int64_t first, int64_t next) {
    std::vector<std::string> values;
    for (int64_t offset = first; offset < next; ++offset) {
      values.push_back("value " + std::to_string(offset));
    }
    return values;
  }
};

using Ranges = std::vector<OffsetRange>;

}  // namespace

TEST_CASE_METHOD(Fixture, "what comes from a pipe is acknowledged together, every 5 ms at most") {
  const auto begin = Clock::now();
  constexpr int kBatches = 50;
  for (int i = 0; i < kBatches; ++i) {
    source.Do([this, begin, i]() -> std::optional<Frame> {
      if (Clock::now() < begin + milliseconds(i)) return std::nullopt;
      return Batch(i, i + 1);
    });
  }
  Run();
  const auto most = (Clock::now() - begin) / milliseconds(5) + 2;
  CHECK_FALSE(AcknowledgedUntil(kBatches).empty());
  CHECK(answers.size() <= static_cast<size_t>(most));
}

TEST_CASE_METHOD(Fixture, "what is stored is acknowledged, and END ends the writer") {
  source.Give(Batch(0, 5));
  source.Give(Batch(5, 9));
  Run();
  CHECK(AcknowledgedUntil(9).front().first == 0);
  CHECK(answers.back().partition == kPartition);
  CHECK(answers.back().epoch == kEpoch);
  CHECK(ValuesOf("out") == ValuesFrom(0, 9));
}

TEST_CASE_METHOD(Fixture, "a batch that overtook an earlier one waits for it") {
  source.Give(Batch(5, 9));
  source.Give(Batch(9, 12));
  source.Give(Batch(0, 5));
  Run();
  CHECK(ValuesOf("out") == ValuesFrom(0, 12));
}

TEST_CASE_METHOD(Fixture, "unordered, a batch that overtook an earlier one goes at once") {
  options.ordered = false;
  source.Give(Batch(5, 9));
  source.Give(Batch(0, 5));
  Run();
  CHECK(ValuesOf("out").front() == "value 5");
}

TEST_CASE_METHOD(Fixture, "a batch that comes twice is stored once and acknowledged twice") {
  source.Give(Batch(0, 5));
  source.Do([this]() -> std::optional<Frame> {
    if (!HasAnswer()) return std::nullopt;
    return Batch(0, 5);
  });
  Run();
  CHECK(answers.size() == 1);
  CHECK(AcknowledgedUntil(5) == Ranges{{0, 5}});
  CHECK(ValuesOf("out") == ValuesFrom(0, 5));
}

TEST_CASE_METHOD(Fixture,
                 "where the input breaks off, what came is stored and acknowledged first") {
  source.Give(Batch(0, 500));
  source.Break();
  CHECK(RunAndFail() == ErrorKind::kTryAgain);
  CHECK(AcknowledgedUntil(500) == Ranges{{0, 500}});
  CHECK(ValuesOf("out").size() == 500);
}

TEST_CASE_METHOD(Fixture, "an end with batches still held back is an error, not silence") {
  source.Give(Batch(0, 5));
  source.Give(Batch(6, 9));
  CHECK(RunAndFail() == ErrorKind::kBadData);
  CHECK(ValuesOf("out") == ValuesFrom(0, 5));
}

TEST_CASE_METHOD(Fixture, "a batch of a lower epoch is answered FENCED and not stored") {
  source.Give(Batch(0, 5, kEpoch + 1));
  source.Give(Batch(5, 9, kEpoch));
  Run();
  TakeAnswersUntil(AckKind::kFenced);
  CHECK(answers.back().epoch == kEpoch);
  CHECK(answers.back().partition == kPartition);
  CHECK(ValuesOf("out") == ValuesFrom(0, 5));
}

TEST_CASE_METHOD(Fixture, "after a FENCE of its reader a batch is answered FENCED and not stored") {
  source.Give(Batch(0, 5));
  auto fenced_at = std::make_shared<std::optional<Clock::time_point>>();
  source.Do([this, fenced_at]() -> std::optional<Frame> {
    if (!*fenced_at) {
      if (!HasAnswer()) return std::nullopt;
      reader.server.Broadcast({AckKind::kFence, false, kPartition, kEpoch, {}});
      *fenced_at = Clock::now();
    }
    // The writer takes fences between two looks at its source.
    if (Clock::now() < **fenced_at + milliseconds(500)) return std::nullopt;
    return Batch(5, 9);
  });
  Run();
  TakeAnswersUntil(AckKind::kFenced);
  CHECK(ValuesOf("out") == ValuesFrom(0, 5));
}

TEST_CASE_METHOD(Fixture, "frames from a file are stored and never acknowledged") {
  source.NeverAcknowledge();
  source.Give(Batch(0, 5));
  Run();
  CHECK(ValuesOf("out") == ValuesFrom(0, 5));
  CHECK_FALSE(reader.server.TryReceive());
}

TEST_CASE_METHOD(Fixture, "failed records go to the dead letters and filtered ones nowhere") {
  FrameBuilder builder(reader.Info({0, 3}), 3, 100);
  RecordView record;
  record.value = "good";
  builder.Add(record);
  record.offset = 1;
  record.value = "bad";
  record.state = RecordState::kFailed;
  record.failure = {"rk-infer", "missing-field", "no age"};
  builder.Add(record);
  record.offset = 2;
  record.state = RecordState::kFiltered;
  record.failure = {};
  builder.Add(record);
  source.Give(builder.Finish());
  Run();
  CHECK(AcknowledgedUntil(3) == Ranges{{0, 3}});
  CHECK(ValuesOf("out") == std::vector<std::string>{"good"});
  CHECK(ValuesOf("out.dlq") == std::vector<std::string>{"bad"});
}

TEST_CASE_METHOD(Fixture, "a batch without a record is acknowledged") {
  source.Give(MakeBatch(reader.Info({0, 7}), {}));
  Run();
  CHECK(AcknowledgedUntil(7) == Ranges{{0, 7}});
}

TEST_CASE_METHOD(Fixture, "nothing stored for the time allowed is unavailable, named by topic") {
  options.give_up_after = seconds(1);
  source.Give(Batch(0, 5));
  source.Do([]() -> std::optional<Frame> { return std::nullopt; });
  const std::string nobody = "127.0.0.1:1";
  Signals signals(seconds(9), log);
  Metrics metrics;
  Stage stage{"rk-write", log, signals, metrics, seconds(5)};
  Producer producer({{nobody, {}}, {"out", 1}, {"out.dlq", 1}, std::nullopt, {}, nullptr}, failures,
                    log);
  try {
    Poller poller;
    Writer(options, source, producer, failures, stage, poller).Run();
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kUnavailable);
    CHECK_THAT(error.what(), Catch::Contains("topic out") && Catch::Contains(nobody));
  }
}

}  // namespace rk
