#include "lib/write/acknowledger.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/link/test_pipe.h"
#include "tests/unit/write/reader_end.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Clock = Acknowledger::Clock;
using Ranges = std::vector<OffsetRange>;

constexpr seconds kPatience{10};
constexpr milliseconds kAtOnce{0};
const TopicPartition kOther{"applications", 4};
const TopicPartition kOtherTopic{"events", 3};

const Log kNoLog = [](LogLevel, std::string_view) {};

Ranges RangesOf(const std::optional<AckMessage>& told) { return told ? told->ranges : Ranges{}; }

struct Fixture {
  std::optional<Acknowledger::Told> NextFence(milliseconds patience = kPatience) {
    const auto deadline = Clock::now() + patience;
    while (Clock::now() < deadline) {
      if (auto fence = acknowledger.NextTold()) return fence;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return std::nullopt;
  }
  /// The reader knows this writer, and the writer the reader.
  void Meet(ReaderEnd& end) {
    acknowledger.Heard(end.Info({0, 1}), now);
    acknowledger.Acknowledge(end.Info({0, 1}));
    acknowledger.Flush(now, kAtOnce);
    REQUIRE(end.Await());
  }
  static AckMessage FenceOf(int64_t epoch) {
    return {AckKind::kFence, false, kPartition, epoch, {}};
  }

  RuntimePlace place;
  ReaderEnd reader{place};
  Acknowledger acknowledger{kNoLog};
  Clock::time_point now = Clock::now();
};

}  // namespace

TEST_CASE_METHOD(Fixture, "batches that follow one another are acknowledged as one range") {
  CHECK_FALSE(acknowledger.pending());
  acknowledger.Acknowledge(reader.Info({0, 5}));
  acknowledger.Acknowledge(reader.Info({5, 9}));
  acknowledger.Acknowledge(reader.Info({12, 15}));
  CHECK(acknowledger.pending());
  acknowledger.Flush(now, kAtOnce);
  CHECK_FALSE(acknowledger.pending());
  const auto told = reader.Await();
  REQUIRE(told);
  CHECK(told->kind == AckKind::kAck);
  CHECK(told->partition == kPartition);
  CHECK(told->epoch == kEpoch);
  CHECK(told->ranges == Ranges{{0, 9}, {12, 15}});
}

TEST_CASE_METHOD(Fixture,
                 "partitions, topics, epochs and readers are acknowledged each by itself") {
  ReaderEnd other(place);
  const std::vector<BatchInfo> batches = {reader.Info({0, 5}), reader.Info({5, 9}, kEpoch, kOther),
                                          reader.Info({5, 8}, kEpoch, kOtherTopic),
                                          reader.Info({5, 7}, kEpoch + 1)};
  for (const BatchInfo& batch : batches) acknowledger.Acknowledge(batch);
  acknowledger.Acknowledge(other.Info({5, 6}));
  acknowledger.Flush(now, kAtOnce);
  for (const BatchInfo& batch : batches) {
    const auto told = reader.Await();
    REQUIRE(told);
    CHECK(told->partition.topic == batch.topic);
    CHECK(told->partition.partition == batch.partition);
    CHECK(told->epoch == batch.epoch);
    CHECK(told->ranges == Ranges{{batch.first_offset, batch.next_offset}});
  }
  CHECK(RangesOf(other.Await()) == Ranges{{5, 6}});
}

TEST_CASE_METHOD(Fixture, "an acknowledgement waits for company since the last one, no longer") {
  Meet(reader);  // the last one
  acknowledger.Acknowledge(reader.Info({1, 2}));
  acknowledger.Flush(now + milliseconds(4), milliseconds(5));
  CHECK(acknowledger.pending());
  acknowledger.Flush(now + milliseconds(5), milliseconds(5));
  CHECK_FALSE(acknowledger.pending());
  acknowledger.Acknowledge(reader.Info({2, 3}));
  acknowledger.Flush(now + milliseconds(9), milliseconds(5));
  CHECK(acknowledger.pending());
  acknowledger.Flush(now + milliseconds(10), milliseconds(5));
  CHECK(RangesOf(reader.Await()) == Ranges{{1, 2}});
  CHECK(RangesOf(reader.Await()) == Ranges{{2, 3}});
}

TEST_CASE_METHOD(Fixture, "what has no pending acknowledgement leaves the time of the last alone") {
  Meet(reader);
  acknowledger.Flush(now + milliseconds(8), milliseconds(5));  // says nothing
  acknowledger.Acknowledge(reader.Info({1, 2}));
  acknowledger.Flush(now + milliseconds(8), milliseconds(5));
  CHECK(RangesOf(reader.Await()) == Ranges{{1, 2}});
}

TEST_CASE_METHOD(Fixture, "a refusal and an epoch that is over are told at once") {
  acknowledger.Nack(reader.Info({3, 7}));
  const auto nack = reader.Await();
  REQUIRE(nack);
  CHECK(nack->kind == AckKind::kNack);
  CHECK_FALSE(nack->blame);
  CHECK(nack->partition == kPartition);
  CHECK(nack->epoch == kEpoch);
  CHECK(nack->ranges == Ranges{{3, 7}});
  acknowledger.Fenced(reader.Info({3, 7}, kEpoch - 1, kOther));
  const auto fenced = reader.Await();
  REQUIRE(fenced);
  CHECK(fenced->kind == AckKind::kFenced);
  CHECK(fenced->partition == kOther);
  CHECK(fenced->epoch == kEpoch - 1);
}

TEST_CASE_METHOD(Fixture, "a fence is of the reader on whose connection it comes") {
  ReaderEnd other(place);
  Meet(reader);
  Meet(other);
  other.server.Broadcast(FenceOf(kEpoch));
  const auto fence = NextFence();
  REQUIRE(fence);
  CHECK(fence->origin == other.origin);
  CHECK(fence->message.partition == kPartition);
  CHECK(fence->message.epoch == kEpoch);
}

TEST_CASE_METHOD(Fixture, "a reader that no frame came from has nothing to fence") {
  acknowledger.Acknowledge(reader.Info({0, 1}));
  acknowledger.Flush(now, kAtOnce);
  REQUIRE(reader.Await());
  reader.server.Broadcast(FenceOf(kEpoch));
  CHECK_FALSE(NextFence(milliseconds(100)));
}

TEST_CASE_METHOD(Fixture, "a reader is forgotten once it has been silent for over 10 minutes") {
  Meet(reader);
  acknowledger.Expire(now + minutes(10));
  acknowledger.Fenced(reader.Info({0, 1}));  // a connection to hear it on
  REQUIRE(reader.Await());
  reader.server.Broadcast(FenceOf(1));
  CHECK(NextFence());

  acknowledger.Expire(now + minutes(10) + seconds(1));
  acknowledger.Fenced(reader.Info({0, 1}));
  REQUIRE(reader.Await());
  reader.server.Broadcast(FenceOf(2));
  CHECK_FALSE(NextFence(milliseconds(100)));
}

TEST_CASE_METHOD(Fixture, "a connection that is idle is closed, and its reader stays known") {
  Meet(reader);
  acknowledger.Expire(Clock::now() + minutes(2));
  reader.server.Broadcast(FenceOf(1));
  CHECK_FALSE(NextFence(milliseconds(100)));
  acknowledger.Fenced(reader.Info({0, 1}));
  REQUIRE(reader.Await());
  reader.server.Broadcast(FenceOf(2));
  CHECK(NextFence()->message.epoch == 2);
}

TEST_CASE_METHOD(Fixture, "at its end it tells what is pending, whatever company there is") {
  Meet(reader);
  acknowledger.Acknowledge(reader.Info({1, 2}));
  acknowledger.Flush(now + milliseconds(1), milliseconds(5));
  acknowledger.Close(kPatience);
  CHECK(RangesOf(reader.Await()) == Ranges{{1, 2}});
}

TEST_CASE("at its end it waits for a reader that sleeps, as long as it may") {
  const RuntimePlace place;
  TestPipe endpoint;
  const pid_t reader = fork();
  if (reader == 0) {
    const AckServer server(place.directory, RandomOrigin(), kNoLog);
    endpoint.Write(server.endpoint());
    pause();
  }
  char name[200] = {};
  REQUIRE(read(endpoint.in(), name, sizeof name - 1) > 0);
  kill(reader, SIGSTOP);
  waitpid(reader, nullptr, WUNTRACED);
  const auto start = Clock::now();
  {
    Acknowledger acknowledger(kNoLog);
    BatchInfo info = MakeInfo({0, 5});
    info.ack_endpoint = name;
    acknowledger.Acknowledge(info);
    acknowledger.Close(milliseconds(2000));
  }
  CHECK(Clock::now() - start >= milliseconds(1800));
  kill(reader, SIGKILL);
  waitpid(reader, nullptr, 0);
}

}  // namespace rk
