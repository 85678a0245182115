#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/link/ack_channel.h"
#include "lib/read/reader.h"
#include "tests/unit/link/test_directory.h"
#include "tests/unit/read/fake_consumer.h"
#include "tests/unit/read/fake_sink.h"

namespace rk {

inline constexpr std::chrono::seconds kPatience{10};
inline const TopicPartition kOther{"applications", 4};

/// A reader of fake brokers on a thread of its own, with a clock that only the test moves, and a
/// writer's end of the acknowledgement channel.
struct ReaderFixture {
  using Clock = Reader::Clock;
  using Offsets = FakeBrokers::Offsets;

  ReaderFixture() {
    options.topics = {kPartition.topic};
    options.group = "credit";
    options.start = {StartOffset::Kind::kStored, 0};
    options.batch.records = 10;
    brokers.Append(kPartition, 0);
  }
  ~ReaderFixture() {
    if (!running.valid()) return;
    Acknowledge();  // whatever the test left
    drain.Set();
    running.wait();
  }

  void Start(const std::vector<TopicPartition>& found = {kPartition}) {
    Reader::Dependencies dependencies{sink,
                                      std::make_unique<FakeConsumer>(brokers),
                                      {found, ""},
                                      drain.fd(),
                                      [this] { return replaced; },
                                      metrics,
                                      log,
                                      [this] { return Clock::time_point(now.load()); }};
    reader = std::make_unique<Reader>(options, std::move(dependencies));
    running = std::async(std::launch::async, [this] { reader->Run(); });
    if (!options.partitions && assigns) brokers.Assign(found);
  }

  /// Starts with so many records more in kPartition, whole batches, and waits until they are sent.
  void StartWith(int64_t records, const std::vector<TopicPartition>& found = {kPartition}) {
    brokers.Append(kPartition, records);
    Start(found);
    REQUIRE(sink.WaitForSent(static_cast<size_t>(records) / options.batch.records));
  }

  /// Moves the clock, and waits until the reader has ticked if that is a second or more.
  void Advance(std::chrono::milliseconds time) {
    const int before = brokers.ticks();
    now = now.load() + time;
    brokers.Wake();
    if (time >= std::chrono::seconds(1)) REQUIRE(Until([&] { return brokers.ticks() > before; }));
  }
  static bool Until(const std::function<bool()>& holds) {
    const auto deadline = Clock::now() + kPatience;
    while (!holds()) {
      if (Clock::now() >= deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }
  /// Lets seconds pass until `offsets` were asked to be committed.
  bool UntilCommitted(const Offsets& offsets) {
    return Until([&] {
      if (!brokers.commits().empty() && brokers.commits().back() == offsets) return true;
      Advance(std::chrono::seconds(1));
      return false;
    });
  }

  void Say(AckKind kind, const Frame& frame, bool blame = false) {
    AckMessage message{kind,
                       blame,
                       {std::string(frame.info().topic), frame.info().partition},
                       frame.info().epoch,
                       {}};
    if (kind != AckKind::kFenced) message.ranges = {RangeOf(frame)};
    writer.Send(std::string(frame.info().ack_endpoint), message);
  }
  void Acknowledge() {
    for (size_t i = 0; i < sink.sent_count(); ++i) Say(AckKind::kAck, sink.sent(i));
  }
  /// The next Fence that the writer gets.
  std::optional<AckMessage> NextFence() {
    std::optional<AckClient::Incoming> incoming;
    Until([&] { return (incoming = writer.TryReceive()).has_value(); });
    return incoming ? std::optional(incoming->message) : std::nullopt;
  }
  bool WasLogged(const std::string& text) {
    const std::lock_guard lock(log_mutex);
    return std::ranges::any_of(
        logged, [&](const auto& line) { return line.find(text) != std::string::npos; });
  }

  TestDirectory parent;
  TestEnvironment environment{"RK_RUNTIME_DIR", parent.path()};
  std::mutex log_mutex;
  std::vector<std::string> logged;
  Log log = [this](LogLevel, std::string_view text) {
    const std::lock_guard lock(log_mutex);
    logged.emplace_back(text);
  };
  bool replaced = false;  ///< says who asks for the drain
  bool assigns = true;    ///< the group hands out the partitions at once
  std::atomic<Clock::duration> now{std::chrono::hours(5)};
  ReaderOptions options;
  FakeBrokers brokers;
  FakeSink sink;
  EventFd drain;
  Metrics metrics;
  AckClient writer{log};
  std::unique_ptr<Reader> reader;
  std::future<void> running;
};

}  // namespace rk
