#include <poll.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/batch/reader_origin.h"
#include "lib/batch/transactional_sink.h"
#include "lib/write/writer.h"
#include "tests/unit/write/reader_end.h"
#include "tests/unit/write/scripted_source.h"

namespace rk {
namespace {

using std::chrono::seconds;

/// Whose producer needs no time, and that is full with one batch: so nothing comes of the source
/// that could wake the writer.
class InstantTransactions : public TransactionalSink {
 public:
  void Produce(FramePtr frame) override { flow_.Take(std::move(frame), Clock::now()); }
  std::vector<FramePtr> Serve() override {
    while (Take(flow_.Next(Clock::now(), 0))) {
    }
    return flow_.TakeDone();
  }
  int fd() const override { return -1; }
  std::chrono::milliseconds poll_timeout() const override { return seconds(1); }
  size_t outstanding() const override { return flow_.outstanding(); }
  size_t outstanding_bytes() const override { return outstanding() == 0 ? 0 : size_t{1} << 30; }
  Clock::duration stalled(Clock::time_point /*now*/) const override { return {}; }
  Error StallError() const override { return {ErrorKind::kBug, "stalled"}; }
  const Totals& totals() const override { return totals_; }
  bool shared() const override { return true; }
  std::vector<FramePtr> Abandon() override { return flow_.Abandon(); }
  TransactionFlow& flow() override { return flow_; }
  const std::string& transactional_id() const override { return id_; }
  const Counts& counts() const override { return counts_; }
  std::vector<std::chrono::nanoseconds> TakeCommitTimes() override { return {}; }
  std::vector<FramePtr> TakeDropped() override { return flow_.TakeDropped(); }

 private:
  using Step = TransactionFlow::Step;

  bool Take(Step step) {
    if (step == Step::kOpen) flow_.OnOpened();
    if (step == Step::kTakeOver) flow_.OnTakenOver({});
    if (step == Step::kProduce) flow_.NextFrame();
    if (step == Step::kCommit) flow_.OnCommitted(TransactionFlow::Outcome::kDone);
    return step != Step::kNothing;
  }

  std::string id_ = "w1";
  TransactionFlow flow_{id_, std::chrono::milliseconds(100)};
  Totals totals_;
  Counts counts_;
};

/// Counts the times that nothing came.
class CountingPoller : public Poller {
 public:
  void Wait(std::span<pollfd> watched, std::chrono::milliseconds timeout) override {
    if (poll(watched.data(), watched.size(), static_cast<int>(timeout.count())) == 0) ++in_vain;
  }
  int in_vain = 0;
};

/// Answers one claim, and waits for the acknowledgement of what was claimed.
void GrantOne(ReaderEnd& reader) {
  while (auto message = reader.Await()) {
    if (message->kind == AckKind::kAck) return;
    if (message->kind != AckKind::kClaim) continue;
    AckMessage group;
    group.kind = AckKind::kGroup;
    group.epoch = 1;
    group.names = {"member", ""};
    reader.server.SendTo(reader.server.sender(), group);
    AckMessage grant = *message;
    grant.kind = AckKind::kGrant;
    grant.names = {message->names.at(1), ""};
    reader.server.SendTo(reader.server.sender(), grant);
  }
}

/// A writer with that sink, and a reader's end that grants what is claimed.
struct Fixture {
  void Run() {
    Signals signals(seconds(9), log);
    Stage stage{"rk-write", log, signals, metrics, seconds(5)};
    Writer({}, source, sink, failures, stage, poller).Run();
  }

  Log log = [](LogLevel, std::string_view) {};
  RuntimePlace place;
  ReaderEnd reader{place};
  ScriptedSource source;
  InstantTransactions sink;
  CountingPoller poller;
  FailureTally failures{log};
  Metrics metrics;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a writer that may go on by its reader's word does so at once") {
  reader.origin = ReaderOrigin(true);
  source.Give(MakeBatch(reader.Info({0, 10})));
  std::jthread answering([&] { GrantOne(reader); });
  Run();
  CHECK(sink.outstanding() == 0);
  CHECK(poller.in_vain == 0);
}

TEST_CASE_METHOD(
    Fixture, "a reader that commits by itself is refused before anything is written, and told") {
  source.Give(MakeBatch(reader.Info({0, 10})));
  CHECK_THROWS_WITH(Run(), Catch::Contains("rk-write --exactly-once needs rk-read --exactly-once"));
  CHECK(sink.outstanding() == 0);
  auto told = reader.Await();
  while (told && told->kind == AckKind::kHello) told = reader.Await();
  REQUIRE(told);
  CHECK(told->kind == AckKind::kClaim);  // at which such a reader ends
  CHECK(told->epoch == 0);
}

}  // namespace rk
