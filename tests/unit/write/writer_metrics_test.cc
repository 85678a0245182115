#include "lib/write/writer_metrics.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/batch/transactional_sink.h"
#include "tests/unit/write/instant_sink.h"

namespace rk {
namespace {

/// Says what the test says of its transactions.
class CountingSink : public TransactionalSink {
 public:
  void Produce(FramePtr /*frame*/) override {}
  std::vector<FramePtr> Serve() override { return {}; }
  int fd() const override { return -1; }
  std::chrono::milliseconds poll_timeout() const override { return std::chrono::seconds(1); }
  size_t outstanding() const override { return 0; }
  size_t outstanding_bytes() const override { return 0; }
  Clock::duration stalled(Clock::time_point /*now*/) const override { return {}; }
  Error StallError() const override { return {ErrorKind::kBug, "stalled"}; }
  const Totals& totals() const override { return said_totals_; }
  bool shared() const override { return true; }
  std::vector<FramePtr> Abandon() override { return {}; }
  TransactionFlow& flow() override { return flow_; }
  const std::string& transactional_id() const override { return id_; }
  const Counts& counts() const override { return said_counts; }
  std::vector<std::chrono::nanoseconds> TakeCommitTimes() override {
    return std::exchange(said_times, {});
  }
  std::vector<FramePtr> TakeDropped() override { return {}; }

  Counts said_counts;
  std::vector<std::chrono::nanoseconds> said_times;

 private:
  std::string id_ = "w1";
  TransactionFlow flow_{id_, std::chrono::milliseconds(100)};
  Totals said_totals_;
};

}  // namespace

TEST_CASE("a writer's metrics say what its sink, its order and its failures do") {
  Metrics metrics;
  WriterMetrics writer(metrics);
  InstantSink sink;
  sink.said_totals = {100, 7, 5000, 0};
  for (const int64_t first : {0, 10, 20})
    sink.Produce(std::make_shared<const Frame>(MakeBatch(MakeInfo({first, first + 10}))));
  WriterOrder order(/*ordered=*/true);
  order.Take(std::make_shared<const Frame>(MakeBatch(MakeInfo({10, 20}))), {});
  FailureTally failures([](LogLevel, std::string_view) {});
  writer.Update(sink, order, failures);
  CHECK(metrics.Counter("records_out").value() == 100);
  CHECK(metrics.Counter("dead_letters").value() == 7);
  CHECK(metrics.Counter("bytes_out").value() == 5000);
  CHECK(metrics.Gauge("batches_in_flight").value() == 3);
  CHECK(metrics.Gauge("held_back").value() == 1);
}

TEST_CASE("a writer's metrics say what became of its transactions, and how long commits took") {
  using std::chrono::milliseconds;
  Metrics metrics;
  WriterMetrics writer(metrics);
  CountingSink sink;
  sink.said_counts = {.commits = 12, .aborts = 3, .fenced = 1};
  sink.said_times = {milliseconds(20), milliseconds(20), milliseconds(40)};
  writer.Update(sink);
  writer.Update(sink);
  CHECK(metrics.Counter("commits").value() == 12);
  CHECK(metrics.Counter("aborts").value() == 3);
  CHECK(metrics.Counter("fenced").value() == 1);
  CHECK(metrics.Histogram("commit_seconds").value().count() == 3);
  CHECK(metrics.Histogram("commit_seconds").value().sum == Approx(0.08));
}

TEST_CASE("failures are counted by code, in what a label can be") {
  Metrics metrics;
  WriterMetrics writer(metrics);
  FailureTally failures([](LogLevel, std::string_view) {});
  const auto update = [&] { writer.Update(InstantSink{}, WriterOrder(true), failures); };
  failures.Count("missing-field");
  failures.Count("az09/AZ{`:");
  failures.Count("az09/AZ}\":");
  update();
  const auto counted = [&] { return metrics.Snapshot().all("failures"); };
  CHECK(counted() ==
        std::vector<NumberSample>{{"failures", MetricKind::kCounter, 2, "code=\"az09______\""},
                                  {"failures", MetricKind::kCounter, 1, "code=\"missing-field\""}});
  failures.Count("missing-field");
  update();
  CHECK(counted()[1].value == 2);
}

}  // namespace rk
